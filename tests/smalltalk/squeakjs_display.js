// Runs an image in SqueakJS, with a display that is only memory, and writes what it shows after some time.
//
// usage: node squeakjs_display.js SQUEAKJS-FOLDER IMAGE SECONDS OUT.ppm [WIDTH HEIGHT]
//
// What SqueakJS itself says goes to stderr, what the image prints to stdout. No OUT.ppm: the image has no display.
"use strict";
const path = require("path"), fs = require("fs");
const [folder, imagePath, seconds, out] = process.argv.slice(2);
const at = name => path.join(path.resolve(folder), name);

Object.assign(global, {self: new Proxy({}, {get: (o, p) => global[p], set: (o, p, v) => { global[p] = v; return true; }})});
Object.assign(self, {localStorage: {}, sha1: require(at("lib/sha1")),
    btoa: s => Buffer.from(s, "ascii").toString("base64"), atob: s => Buffer.from(s, "base64").toString("ascii")});
const print = console.log;
console.log = console.info = (...all) => console.error(...all);
for (const name of ["globals", "vm", "vm.object", "vm.object.spur", "vm.image", "vm.interpreter", "vm.interpreter.proxy",
    "vm.instruction.stream", "vm.instruction.stream.sista", "vm.instruction.printer", "vm.primitives", "jit", "vm.display",
    "vm.display.headless", "vm.input", "vm.input.headless", "vm.plugins", "vm.plugins.file.node"])
    require(at(name + ".js"));
Object.extend(Squeak, {vmPath: process.cwd() + path.sep, platformSubtype: "Node.js", osVersion: "", windowSystem: "none"});
let width = 1024, height = 768;
Object.extend(Squeak.Primitives.prototype, {
    loadModuleDynamically: function(name) {
        try { require(at("plugins/" + name)); return Squeak.externalModules[name]; } catch (e) { return undefined; }
    },
    primitiveScreenSize: function(count) { return this.popNandPushIfOK(count + 1, this.makePointWithXandY(width, height)); },
    primitiveTestDisplayDepth: function(count) {
        const depth = this.stackInteger(0);
        return this.popNandPushBoolIfOK(count + 1, depth > 0 && depth <= 32 && (depth & (depth - 1)) === 0);
    },
    primitiveBeDisplay: function(count) {
        this.vm.image.specialObjectsArray.pointers[Squeak.splOb_TheDisplay] = this.vm.stackValue(0);
        return true;
    },
    primitiveForceDisplayUpdate: function() { return true; },
    primitiveShowDisplayRect: function(count) { this.vm.popN(count); return true; },
    primitiveMousePoint: function(count) { return this.popNandPushIfOK(count + 1, this.makePointWithXandY(0, 0)); },
    primitiveMouseButtons: function(count) { return this.popNandPushIntIfOK(count + 1, 0); },
    primitiveKeyboardNext: function(count) { return this.popNandPushIfOK(count + 1, this.vm.nilObj); },
    primitiveKeyboardPeek: function(count) { return this.popNandPushIfOK(count + 1, this.vm.nilObj); },
});
// Standard input, which SqueakJS does not read; output as it comes.
const readFile = Squeak.Primitives.prototype.primitiveFileRead, writeFile = Squeak.Primitives.prototype.primitiveFileWrite;
Object.extend(Squeak.Primitives.prototype, {
    primitiveFileRead: function(count) {
        const handle = this.stackNonInteger(3), array = this.stackNonInteger(2);
        if (handle.fd !== 0) return readFile.call(this, count);
        let got = 0;
        try { got = fs.readSync(0, array.bytes, this.stackInteger(1) - 1, this.stackInteger(0), null); } catch (e) { got = 0; }
        return this.popNandPushIfOK(count + 1, got);
    },
    primitiveFileWrite: function(count) {
        const handle = this.stackNonInteger(3), array = this.stackNonInteger(2);
        if (handle.fd !== 1) return writeFile.call(this, count);
        const start = this.stackInteger(1) - 1, length = this.stackInteger(0);
        fs.writeSync(1, array.bytes, start, length);
        return this.popNandPushIfOK(count + 1, length);
    },
});
// What ConsolePlugin logs is the image's output.
if (Squeak.externalModules.ConsolePlugin || true) {
    try {
        require(at("plugins/ConsolePlugin.js"));
        const plugin = Squeak.externalModules.ConsolePlugin;
        plugin["primitiveLog:level:"] = function(count) {
            print(this.interpreterProxy.stackValue(1).bytesAsString());
            this.interpreterProxy.pop(count);
            return true;
        };
    } catch (e) { console.error("no ConsolePlugin: " + e); }
}

function rgb(pixel, depth) {
    const first = [0xffffff, 0, 0xffffff, 0x808080, 0xff0000, 0x00ff00, 0x0000ff, 0x00ffff, 0xffff00, 0xff00ff, 0x202020,
        0x404040, 0x606060, 0x9f9f9f, 0xbfbfbf, 0xdfdfdf];
    if (depth === 32) return pixel & 0xffffff;
    if (depth === 16) return (pixel & 31) << 3 | (pixel & 992) << 6 | (pixel & 31744) << 9;
    if (pixel < 16) return first[pixel];
    const greys = [8, 16, 24, 40, 48, 56, 72, 80, 88, 104, 112, 120, 135, 143, 151, 167, 175, 183, 199, 207, 215, 231, 239, 247];
    if (pixel < 40) return greys[pixel - 16] * 0x10101;
    const place = (pixel - 40) % 216;
    return place === 0 ? 1 : Math.floor(place / 36) * 51 << 16 | place % 6 * 51 << 8 | Math.floor(place / 6) % 6 * 51;
}
function writeDisplay(vm) {
    const form = vm.image.specialObjectsArray.pointers[Squeak.splOb_TheDisplay];
    if (!form || !form.pointers || !form.pointers[0].words) return;
    const [bits, w, h, depth] = form.pointers, words = bits.words, pitch = Math.floor((w * depth + 31) / 32);
    const bytes = Buffer.alloc(w * h * 3);
    for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++) {
            const bit = x * depth, word = words[y * pitch + (bit >> 5)];
            const pixel = depth === 32 ? word : word >>> (32 - depth - (bit & 31)) & ((1 << depth) - 1);
            bytes.writeUIntBE(rgb(pixel, depth), (y * w + x) * 3, 3);
        }
    fs.writeFileSync(out, Buffer.concat([Buffer.from(`P6\n${w} ${h}\n255\n`), bytes]));
}

const data = fs.readFileSync(imagePath);
const image = new Squeak.Image(imagePath.replace(/\.image$/, ""));
image.readFromBuffer(data.buffer.slice(data.byteOffset, data.byteOffset + data.length), function() {
    const size = image.savedHeaderWords[1];
    if (size >>> 16 >= 64 && (size & 0xffff) >= 64) { width = size >>> 16; height = size & 0xffff; }
    const display = {vmOptions: ["-vm-display-null", "-nodisplay"], width, height}, start = Date.now();
    const vm = new Squeak.Interpreter(image, display);
    function finish() { writeDisplay(vm); process.exit(0); }
    function run() {
        if (display.quitFlag || Date.now() - start > seconds * 1000) return finish();
        vm.interpret(50, ms => setTimeout(run, ms === "sleep" ? 10 : ms));
    }
    run();
});
