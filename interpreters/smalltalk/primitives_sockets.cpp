// SocketPlugin: TCP and UDP over IPv4, and the resolver, as Squeak's sockets on Unix. All descriptors are non-blocking;
// a socket's semaphores are signalled by external_events.h: the first of the three when the connection changes, the
// others when there is something to read, or room to write, after the image asked in vain.
//
// A handle is a ByteArray (make_handle). Addresses are ByteArrays of four bytes. Lookups of names run in threads of
// their own. What newer images ask for (SocketAddress, IPv6) is missing: the primitives fail.
#include "external_events.h"
#include "primitive_functions.h"
#include "primitives.h"
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace heddle::smalltalk {
namespace {

enum socket_status : long { // what the image sees
    status_invalid = -1,
    status_unconnected = 0,
    status_waiting = 1,
    status_connected = 2,
    status_other_end_closed = 3,
    status_this_end_closed = 4,
};
struct socket_state {
    int descriptor = -1;
    bool stream = true;
    enum { idle, connecting, listening, accepting, connected } phase = idle; // listening: becomes the connection itself
    bool this_end_closed = false;
    int error = 0;
    long connection_semaphore = 0, read_semaphore = 0, write_semaphore = 0;
};
std::vector<socket_state>& sockets() {
    static std::vector<socket_state> all;
    return all;
}
constexpr uint32_t socket_handles = 0x50c4e7;
socket_state* socket_of(W_Object* handle) {
    long index = handle_index(handle, socket_handles);
    if (index < 0 || index >= static_cast<long>(sockets().size())) return nullptr;
    socket_state& found = sockets()[static_cast<size_t>(index)];
    return found.descriptor >= 0 ? &found : nullptr;
}
bool ready(int descriptor, short events) {
    pollfd one{descriptor, events, 0};
    return poll(&one, 1, 0) > 0;
}
// The image is told of data, and of the connection's end.
void await_data(const socket_state& s) {
    await_readable(s.descriptor, s.read_semaphore);
    if (s.connection_semaphore != s.read_semaphore) await_readable(s.descriptor, s.connection_semaphore);
}
void close_socket(socket_state& s) {
    if (s.descriptor < 0) return;
    forget_descriptor(s.descriptor);
    close(s.descriptor);
    s.descriptor = -1;
}
bool fail_with(socket_state& s, int error) {
    s.error = error;
    return false;
}

// ---- addresses
bool address_of(W_Object* o, in_addr& address) {
    if (!is_exact<W_Bytes>(o) || static_cast<W_Bytes*>(o)->bytes->length() != 4) return false;
    memcpy(&address, static_cast<W_Bytes*>(o)->bytes->data(), 4);
    return true;
}
bool end_point(W_Object* host, W_Object* port, sockaddr_in& address) {
    address = {};
    address.sin_family = AF_INET;
    if (!is_int(port) || int_value(port) < 0 || int_value(port) > 65535) return false;
    address.sin_port = htons(static_cast<uint16_t>(int_value(port)));
    return address_of(host, address.sin_addr);
}
W_Object* make_address(in_addr address) {
    byte_array* bytes = heddle::make_array<byte_array>(4);
    memcpy(bytes->data(), &address, 4);
    return make<W_Bytes>(special_class(special_byte_array), bytes);
}
sockaddr_in local_end(const socket_state& s) {
    sockaddr_in address = {};
    socklen_t size = sizeof address;
    if (getsockname(s.descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) address = {};
    return address;
}
sockaddr_in remote_end(const socket_state& s) {
    sockaddr_in address = {};
    socklen_t size = sizeof address;
    if (getpeername(s.descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) address = {};
    return address;
}

// ---- what a socket is doing
void finish_connecting(socket_state& s) {
    if (!ready(s.descriptor, POLLOUT)) return;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(s.descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    s.error = error;
    s.phase = error ? socket_state::idle : socket_state::connected;
    if (!error) await_data(s);
}
// A socket that listens for one connection becomes that connection.
void become_connection(socket_state& s) {
    int accepted = accept4(s.descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return;
    forget_descriptor(s.descriptor);
    close(s.descriptor);
    s.descriptor = accepted;
    s.phase = socket_state::connected;
    await_data(s);
}
long status_of(socket_state& s) {
    if (s.phase == socket_state::connecting) finish_connecting(s);
    if (s.phase == socket_state::listening) become_connection(s);
    switch (s.phase) {
    case socket_state::idle: return status_unconnected;
    case socket_state::connecting:
    case socket_state::listening: return status_waiting;
    case socket_state::accepting: return ready(s.descriptor, POLLIN) ? status_connected : status_waiting;
    case socket_state::connected: break;
    }
    if (s.this_end_closed) return status_this_end_closed;
    if (!s.stream) return status_connected;
    char byte;
    ssize_t got = ::recv(s.descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0) return status_other_end_closed;
    if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        s.error = errno;
        return status_other_end_closed;
    }
    return status_connected;
}
bool bind_to(socket_state& s, long port, in_addr host) {
    int yes = 1;
    setsockopt(s.descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr = host;
    if (bind(s.descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return fail_with(s, errno);
    return true;
}
// backlog 0: for one connection, which the socket becomes.
bool listen_on(socket_state& s, W_Object* port, long backlog, in_addr host) {
    if (!is_int(port) || int_value(port) < 0 || int_value(port) > 65535) return false;
    if (!bind_to(s, int_value(port), host)) return false;
    if (!s.stream) return true;
    if (listen(s.descriptor, static_cast<int>(backlog > 0 ? backlog : 1)) != 0) return fail_with(s, errno);
    s.phase = backlog > 0 ? socket_state::accepting : socket_state::listening;
    await_readable(s.descriptor, s.connection_semaphore);
    return true;
}
W_Object* make_socket(int descriptor, bool stream, bool is_connected, const long (&semaphores)[3]) {
    socket_state s;
    s.descriptor = descriptor;
    s.stream = stream;
    s.connection_semaphore = semaphores[0], s.read_semaphore = semaphores[1], s.write_semaphore = semaphores[2];
    if (is_connected) s.phase = socket_state::connected;
    sockets().push_back(s);
    if (is_connected && stream) await_data(s);
    return make_handle(static_cast<uint32_t>(sockets().size() - 1), socket_handles);
}
// `count` semaphores, one or three, from the argument `first` on.
bool semaphores_at(frame_slots* slots, long first, long count, long (&into)[3]) {
    for (long i = 0; i < 3; i++) {
        W_Object* o = slots->get(first + (count == 3 ? i : 0));
        if (!is_int(o)) return false;
        into[i] = int_value(o);
    }
    return true;
}
void set_buffer_sizes(int descriptor, W_Object* receive, W_Object* send) {
    auto set = [&](int option, W_Object* size) {
        int bytes = is_int(size) ? static_cast<int>(int_value(size)) : 0;
        if (bytes > 0) setsockopt(descriptor, SOL_SOCKET, option, &bytes, sizeof bytes);
    };
    set(SO_RCVBUF, receive);
    set(SO_SNDBUF, send);
}
} // namespace

HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_has_socket_access(W_Object*) { return true_object(); }

// netType, socketType (0: TCP, 1: UDP), receive and send buffer sizes, then one semaphore or three
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_create(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    long semaphores[3];
    if ((count != 5 && count != 7) || !semaphores_at(slots, first + 5, count - 4, semaphores)) return nullptr;
    W_Object* type = slots->get(first + 2);
    if (!is_int(type) || int_value(type) < 0 || int_value(type) > 1) return nullptr;
    bool stream = int_value(type) == 0;
    int descriptor = socket(AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return nullptr;
    set_buffer_sizes(descriptor, slots->get(first + 3), slots->get(first + 4));
    return make_socket(descriptor, stream, !stream, semaphores);
}
// The socket that listens, receive and send buffer sizes, then one semaphore or three
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_accept(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    long semaphores[3];
    if ((count != 4 && count != 6) || !semaphores_at(slots, first + 4, count - 3, semaphores)) return nullptr;
    socket_state* s = socket_of(slots->get(first + 1));
    if (!s || s->phase != socket_state::accepting) return nullptr;
    int accepted = accept4(s->descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) {
        s->error = errno;
        return nullptr;
    }
    await_readable(s->descriptor, s->connection_semaphore);
    set_buffer_sizes(accepted, slots->get(first + 2), slots->get(first + 3));
    return make_socket(accepted, true, true, semaphores);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_status(W_Object*, W_Object* handle) {
    socket_state* s = socket_of(handle);
    return make_int(s ? status_of(*s) : status_invalid);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_error(W_Object*, W_Object* handle) {
    socket_state* s = socket_of(handle);
    return s ? make_int(s->error) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_connect(W_Object* o, W_Object* handle, W_Object* host,
                                                           W_Object* port) {
    socket_state* s = socket_of(handle);
    sockaddr_in address;
    if (!s || !end_point(host, port, address)) return nullptr;
    if (connect(s->descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
        s->phase = socket_state::connected;
        if (s->stream) await_data(*s);
        signal_from_outside(s->connection_semaphore);
    } else if (errno == EINPROGRESS) {
        s->phase = socket_state::connecting;
        await_writable(s->descriptor, s->connection_semaphore);
    } else {
        s->error = errno;
        s->phase = socket_state::idle;
        signal_from_outside(s->connection_semaphore);
    }
    return o;
}
// The socket, a port, then perhaps a backlog and the address of an interface
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_listen(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    if (count < 2 || count > 4) return nullptr;
    socket_state* s = socket_of(slots->get(first + 1));
    in_addr host{htonl(INADDR_ANY)};
    if (!s || (count == 4 && !address_of(slots->get(first + 4), host))) return nullptr;
    if (count > 2 && !is_int(slots->get(first + 3))) return nullptr;
    long backlog = count > 2 ? int_value(slots->get(first + 3)) : 0;
    return listen_on(*s, slots->get(first + 2), backlog, host) ? slots->get(first) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_bind(W_Object* o, W_Object* handle, W_Object* host, W_Object* port) {
    socket_state* s = socket_of(handle);
    sockaddr_in address;
    if (!s || !end_point(host, port, address)) return nullptr;
    return bind_to(*s, int_value(port), address.sin_addr) ? o : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_close(W_Object* o, W_Object* handle) {
    socket_state* s = socket_of(handle);
    if (!s) return nullptr;
    if (s->phase == socket_state::connected && s->stream) {
        s->this_end_closed = true; // what the other end still sends can be read
        shutdown(s->descriptor, SHUT_WR);
    } else if (s->phase != socket_state::connected) {
        forget_descriptor(s->descriptor);
        s->phase = socket_state::idle;
        shutdown(s->descriptor, SHUT_RDWR);
    }
    signal_from_outside(s->connection_semaphore);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_abort(W_Object* o, W_Object* handle) {
    socket_state* s = socket_of(handle);
    if (!s) return nullptr;
    linger now{1, 0}; // a reset instead of a goodbye
    setsockopt(s->descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close_socket(*s);
    signal_from_outside(s->connection_semaphore);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_destroy(W_Object* o, W_Object* handle) {
    socket_state* s = socket_of(handle);
    if (!s) return nullptr;
    close_socket(*s);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_local_address(W_Object*, W_Object* handle) {
    socket_state* s = socket_of(handle);
    return s ? make_address(local_end(*s).sin_addr) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_local_port(W_Object*, W_Object* handle) {
    socket_state* s = socket_of(handle);
    return s ? make_int(ntohs(local_end(*s).sin_port)) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_remote_address(W_Object*, W_Object* handle) {
    socket_state* s = socket_of(handle);
    return s ? make_address(remote_end(*s).sin_addr) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_remote_port(W_Object*, W_Object* handle) {
    socket_state* s = socket_of(handle);
    return s ? make_int(ntohs(remote_end(*s).sin_port)) : nullptr;
}

// ---- data
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_data_available(W_Object*, W_Object* handle) {
    socket_state* s = socket_of(handle);
    if (!s) return nullptr;
    status_of(*s); // a connection that has just come about
    if (s->phase != socket_state::connected) return false_object();
    char byte;
    bool there = recv(s->descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    if (!there) await_data(*s);
    return boolean(there);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_receive(W_Object*, W_Object* handle, W_Object* into, W_Object* start,
                                                           W_Object* count) {
    socket_state* s = socket_of(handle);
    size_t bytes;
    char* at = buffer_bytes(into, start, count, bytes);
    if (!s || !at) return nullptr;
    ssize_t got = ::recv(s->descriptor, at, bytes, MSG_DONTWAIT);
    if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        s->error = errno;
        return nullptr;
    }
    if (got <= 0) await_data(*s);
    return make_int(got < 0 ? 0 : got / (is_exact<W_Words>(into) ? 4 : 1));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_send(W_Object*, W_Object* handle, W_Object* from, W_Object* start,
                                                        W_Object* count) {
    socket_state* s = socket_of(handle);
    size_t bytes;
    char* at = buffer_bytes(from, start, count, bytes);
    if (!s || !at) return nullptr;
    ssize_t sent = ::send(s->descriptor, at, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        s->error = errno;
        return nullptr;
    }
    return make_int(sent < 0 ? 0 : sent / (is_exact<W_Words>(from) ? 4 : 1));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_send_done(W_Object*, W_Object* handle) {
    socket_state* s = socket_of(handle);
    if (!s) return nullptr;
    bool room = s->phase == socket_state::connected && ready(s->descriptor, POLLOUT);
    if (!room && s->phase == socket_state::connected) await_writable(s->descriptor, s->write_semaphore);
    return boolean(room);
}
// {bytes received. sender's address. its port. whether there is more}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_receive_datagram(W_Object*, W_Object* handle, W_Object* into,
                                                                    W_Object* start, W_Object* count) {
    socket_state* s = socket_of(handle);
    size_t bytes;
    char* at = buffer_bytes(into, start, count, bytes);
    if (!s || !at || s->stream) return nullptr;
    sockaddr_in sender = {};
    socklen_t size = sizeof sender;
    ssize_t got =
        recvfrom(s->descriptor, at, bytes, MSG_DONTWAIT | MSG_TRUNC, reinterpret_cast<sockaddr*>(&sender), &size);
    if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        s->error = errno;
        return nullptr;
    }
    if (got < 0) await_data(*s);
    bool cut = got > static_cast<ssize_t>(bytes);
    W_Pointers* answer = new_array(4);
    set_slot(answer, 0, make_int(got < 0 ? 0 : cut ? static_cast<long>(bytes) : got));
    set_slot(answer, 1, make_address(sender.sin_addr));
    set_slot(answer, 2, make_int(ntohs(sender.sin_port)));
    set_slot(answer, 3, boolean(cut));
    return answer;
}
// The socket, data, the receiver's address and port, start, count
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_send_datagram(W_Frame*, Code*, frame_slots* slots, long first,
                                                                 long count) {
    if (count != 6) return nullptr;
    socket_state* s = socket_of(slots->get(first + 1));
    sockaddr_in address;
    size_t bytes;
    char* at = buffer_bytes(slots->get(first + 2), slots->get(first + 5), slots->get(first + 6), bytes);
    if (!s || !at || s->stream || !end_point(slots->get(first + 3), slots->get(first + 4), address)) return nullptr;
    ssize_t sent = sendto(s->descriptor, at, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
                          sizeof address);
    if (sent < 0) {
        s->error = errno;
        return nullptr;
    }
    return make_int(sent);
}

// ---- options: {error. value}
namespace {
struct socket_option {
    const char* name;
    int level, number;
};
constexpr socket_option options[] = {
    {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY},  {"TCP_MAXSEG", IPPROTO_TCP, TCP_MAXSEG},
    {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR}, {"SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT},
    {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE}, {"SO_BROADCAST", SOL_SOCKET, SO_BROADCAST},
    {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF},       {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF},
    {"SO_DONTROUTE", SOL_SOCKET, SO_DONTROUTE}, {"SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE},
    {"SO_ERROR", SOL_SOCKET, SO_ERROR},
};
const socket_option* option_named(W_Object* name) {
    for (const socket_option& one : options)
        if (is_text(name) && text_of(name) == one.name) return &one;
    return nullptr;
}
W_Object* option_answer(int error, int value) {
    W_Pointers* answer = new_array(2);
    set_slot(answer, 0, make_int(error));
    set_slot(answer, 1, make_int(value));
    return answer;
}
} // namespace
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_option(W_Object*, W_Object* handle, W_Object* name) {
    socket_state* s = socket_of(handle);
    const socket_option* option = option_named(name);
    if (!s || !option) return nullptr;
    int value = 0;
    socklen_t size = sizeof value;
    int error = getsockopt(s->descriptor, option->level, option->number, &value, &size) == 0 ? 0 : errno;
    return option_answer(error, value);
}
// The value: a number, its digits, or a boolean.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_socket_set_option(W_Object*, W_Object* handle, W_Object* name,
                                                              W_Object* value) {
    socket_state* s = socket_of(handle);
    const socket_option* option = option_named(name);
    if (!s || !option) return nullptr;
    int number;
    if (is_int(value))
        number = static_cast<int>(int_value(value));
    else if (is_text(value))
        number = static_cast<int>(strtol(text_of(value).c_str(), nullptr, 10));
    else if (value == true_object() || value == false_object())
        number = value == true_object();
    else
        return nullptr;
    int error = setsockopt(s->descriptor, option->level, option->number, &number, sizeof number) == 0 ? 0 : errno;
    return option_answer(error, number);
}

// ---- the resolver: one lookup at a time
namespace {
enum resolver_status : long { resolver_not_started = 0, resolver_ready = 1, resolver_busy = 2, resolver_failed = 3 };
struct lookup_job {
    uint64_t number;
    std::string name;  // to find the address of; "": the name of `address`
    in_addr address{}; // also the answer
};
pthread_mutex_t resolver_lock = PTHREAD_MUTEX_INITIALIZER; // of all below
long resolver_state = resolver_not_started, resolver_semaphore = 0, resolver_error_code = 0;
uint64_t current_lookup = 0;
std::string found_name;
in_addr found_address{};

void* look_up(void* data) {
    auto* job = static_cast<lookup_job*>(data);
    int error;
    char name[NI_MAXHOST] = "";
    if (!job->name.empty()) {
        addrinfo hints = {}, *found = nullptr;
        hints.ai_family = AF_INET;
        hints.ai_socktype = SOCK_STREAM;
        error = getaddrinfo(job->name.c_str(), nullptr, &hints, &found);
        if (error == 0) job->address = reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_addr;
        if (found) freeaddrinfo(found);
    } else {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr = job->address;
        error = getnameinfo(reinterpret_cast<sockaddr*>(&address), sizeof address, name, sizeof name, nullptr, 0,
                            NI_NAMEREQD);
    }
    pthread_mutex_lock(&resolver_lock);
    if (job->number == current_lookup && resolver_state == resolver_busy) { // else it was aborted
        resolver_state = error ? resolver_failed : resolver_ready;
        resolver_error_code = error;
        found_address = job->address;
        found_name = name;
        signal_from_outside(resolver_semaphore);
    }
    pthread_mutex_unlock(&resolver_lock);
    end_external_work();
    delete job;
    return nullptr;
}
bool start_lookup(const std::string& name, in_addr address) {
    pthread_mutex_lock(&resolver_lock);
    bool free = resolver_state != resolver_not_started && resolver_state != resolver_busy;
    if (free) resolver_state = resolver_busy;
    auto* job = new lookup_job{++current_lookup, name, address};
    pthread_mutex_unlock(&resolver_lock);
    pthread_t thread;
    if (free) begin_external_work();
    if (free && start_helper_thread(thread, look_up, job)) {
        pthread_detach(thread);
        return true;
    }
    if (free) end_external_work();
    delete job;
    return false;
}
} // namespace

HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_initialize_network(W_Object* o, W_Object* semaphore) {
    if (!is_int(semaphore)) return nullptr;
    pthread_mutex_lock(&resolver_lock);
    resolver_semaphore = int_value(semaphore);
    if (resolver_state == resolver_not_started) resolver_state = resolver_ready;
    pthread_mutex_unlock(&resolver_lock);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_resolver_status(W_Object*) {
    pthread_mutex_lock(&resolver_lock);
    long state = resolver_state;
    pthread_mutex_unlock(&resolver_lock);
    return make_int(state);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_resolver_error(W_Object*) {
    pthread_mutex_lock(&resolver_lock);
    long code = resolver_error_code;
    pthread_mutex_unlock(&resolver_lock);
    return make_int(code);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_resolver_abort(W_Object* o) {
    pthread_mutex_lock(&resolver_lock);
    if (resolver_state == resolver_busy) resolver_state = resolver_ready;
    current_lookup++;
    pthread_mutex_unlock(&resolver_lock);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_resolver_find_address(W_Object* o, W_Object* name) {
    if (!is_text(name) || text_of(name).empty()) return nullptr;
    return start_lookup(text_of(name), {}) ? o : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_resolver_find_name(W_Object* o, W_Object* address) {
    in_addr wanted;
    return address_of(address, wanted) && start_lookup("", wanted) ? o : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_resolver_found_address(W_Object*) {
    pthread_mutex_lock(&resolver_lock);
    bool good = resolver_state == resolver_ready;
    in_addr address = found_address;
    pthread_mutex_unlock(&resolver_lock);
    return good ? make_address(address) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_resolver_found_name(W_Object*) {
    pthread_mutex_lock(&resolver_lock);
    bool good = resolver_state == resolver_ready;
    std::string name = found_name;
    pthread_mutex_unlock(&resolver_lock);
    return good ? new_string(name) : nullptr;
}
// Of the first interface that others can reach; the loopback's if there is none.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_resolver_local_address(W_Object*) {
    in_addr address{htonl(INADDR_LOOPBACK)};
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) == 0)
        for (ifaddrs* one = all; one; one = one->ifa_next)
            if (one->ifa_addr && one->ifa_addr->sa_family == AF_INET && !(one->ifa_flags & IFF_LOOPBACK) &&
                (one->ifa_flags & IFF_UP)) {
                address = reinterpret_cast<sockaddr_in*>(one->ifa_addr)->sin_addr;
                break;
            }
    if (all) freeifaddrs(all);
    return make_address(address);
}

} // namespace heddle::smalltalk
