// Phase records and their three presentations: table, Chrome trace, HTML page.
#include "profile.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sys/resource.h>

namespace heddle::translator {

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_so_far() {
    double total = 0;
    for (int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        rusage usage{};
        getrusage(who, &usage);
        for (auto& t : {usage.ru_utime, usage.ru_stime})
            total += static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    }
    return total;
}

long own_peak() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

std::string escape(const std::string& text, bool html) {
    std::string out;
    for (char c : text) {
        if (html && c == '<')
            out += "&lt;";
        else if (html && c == '&')
            out += "&amp;";
        else if (!html && (c == '"' || c == '\\'))
            (out += '\\') += c;
        else
            out += c;
    }
    return out;
}

template <class... T> std::string format(const char* pattern, T... values) {
    char buffer[512];
    int n = std::snprintf(buffer, sizeof buffer, pattern, values...);
    return std::string(buffer, std::min<size_t>(static_cast<size_t>(n), sizeof buffer - 1));
}

} // namespace

profile::profile() : start_(now()) {}

size_t profile::begin(std::string name, uint64_t instructions) {
    phase_record record;
    record.name = std::move(name);
    record.depth = static_cast<int>(open_.size());
    record.start = now() - start_;
    record.instructions_before = instructions;
    records_.push_back(std::move(record));
    cpu_at_start_.push_back(cpu_so_far());
    open_.push_back(records_.size() - 1);
    return records_.size() - 1;
}

void profile::end(size_t phase, uint64_t instructions, std::string note) {
    phase_record& record = records_[phase];
    record.wall = now() - start_ - record.start;
    record.cpu = cpu_so_far() - cpu_at_start_[phase];
    record.peak_kilobytes = std::max(record.peak_kilobytes, own_peak());
    record.instructions_after = instructions;
    record.note = std::move(note);
    while (!open_.empty() && open_.back() >= phase) open_.pop_back();
}

void profile::child_peak(long kilobytes) {
    for (size_t phase : open_) records_[phase].peak_kilobytes = std::max(records_[phase].peak_kilobytes, kilobytes);
}

std::string profile::table() const {
    std::string text = "phase                     wall s    cpu s  peak MB   IR before    IR after\n";
    phase_record total;
    for (auto& r : records_) {
        std::string name = std::string(static_cast<size_t>(r.depth) * 2, ' ') + r.name;
        text +=
            format("%-24s %7.2f  %7.2f  %7.0f  %10llu  %10llu  %s\n", name.c_str(), r.wall, r.cpu,
                   static_cast<double>(r.peak_kilobytes) / 1024, static_cast<unsigned long long>(r.instructions_before),
                   static_cast<unsigned long long>(r.instructions_after), r.note.c_str());
        total.peak_kilobytes = std::max(total.peak_kilobytes, r.peak_kilobytes);
        if (r.depth == 0) total.wall += r.wall, total.cpu += r.cpu;
    }
    return text + format("%-24s %7.2f  %7.2f  %7.0f\n", "total", total.wall, total.cpu,
                         static_cast<double>(total.peak_kilobytes) / 1024);
}

std::string profile::chrome_trace() const {
    std::string text = "{\"traceEvents\":[\n";
    for (size_t i = 0; i < records_.size(); i++) {
        auto& r = records_[i];
        text += format("{\"name\":\"%s\",\"cat\":\"translation\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":%.0f,\"dur\":%"
                       ".0f,\"args\":{",
                       escape(r.name, false).c_str(), r.start * 1e6, r.wall * 1e6);
        text += format("\"cpu_seconds\":%.3f,\"peak_kilobytes\":%ld,\"instructions_before\":%llu,\"instructions_"
                       "after\":%llu,\"note\":\"",
                       r.cpu, r.peak_kilobytes, static_cast<unsigned long long>(r.instructions_before),
                       static_cast<unsigned long long>(r.instructions_after));
        text += escape(r.note, false) + "\"}}" + (i + 1 < records_.size() ? ",\n" : "\n");
    }
    return text + "],\"displayTimeUnit\":\"ms\"}\n";
}

std::string profile::html_page(const std::string& title) const {
    double end = 0.001;
    for (auto& r : records_) end = std::max(end, r.start + r.wall);
    std::string text =
        "<!doctype html><meta charset=utf-8><title>" + escape(title, true) +
        "</title>\n<style>body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}td,th{padding:2px "
        "10px;text-align:right}"
        "td:first-child,th:first-child,td:last-child{text-align:left}.bar{background:#47a;height:12px}.part{background:"
        "#9bd}"
        ".lane{width:400px}tr:nth-child(even){background:#f4f4f4}</style>\n<h1>" +
        escape(title, true) +
        "</h1>\n<table><tr><th>phase<th>wall s<th>CPU s<th>peak MB<th>IR before<th>IR after<th class=lane>when<th>\n";
    for (auto& r : records_) {
        text += "<tr><td style=\"padding-left:" + std::to_string(r.depth * 20 + 10) + "px\">" + escape(r.name, true);
        text +=
            format("<td>%.2f<td>%.2f<td>%.0f<td>%llu<td>%llu", r.wall, r.cpu,
                   static_cast<double>(r.peak_kilobytes) / 1024, static_cast<unsigned long long>(r.instructions_before),
                   static_cast<unsigned long long>(r.instructions_after));
        text += format("<td class=lane><div class=\"bar%s\" style=\"margin-left:%.2f%%;width:%.2f%%\"></div><td>",
                       r.depth ? " part" : "", r.start / end * 100, std::max(r.wall / end * 100, 0.2));
        text += escape(r.note, true) + "\n";
    }
    return text + "</table>\n";
}

} // namespace heddle::translator
