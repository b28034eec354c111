#pragma once
// recv and send as bare system calls. In a process of several threads glibc makes each call a cancellation point at the
// price of two locked instructions, and no thread of ours is ever cancelled. Results and errno are those of recv(2),
// send(2) and sendmsg(2).

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>

// The thread sanitizer learns from glibc's functions what one thread knows from another.
#if defined(__SANITIZE_THREAD__)
#define SALLYPORT_BARE_SOCKET_CALLS 0
#elif defined(__has_feature)
#define SALLYPORT_BARE_SOCKET_CALLS !__has_feature(thread_sanitizer)
#else
#define SALLYPORT_BARE_SOCKET_CALLS 1
#endif

namespace sallyport::async {

#if SALLYPORT_BARE_SOCKET_CALLS
inline ssize_t receive(int fd, char* to, std::size_t size) {
  return ::syscall(SYS_recvfrom, fd, to, size, 0, nullptr, nullptr);
}
inline ssize_t send_piece(int fd, const void* from, std::size_t size) {
  return ::syscall(SYS_sendto, fd, from, size, MSG_NOSIGNAL, nullptr, 0);
}
inline ssize_t send_pieces(int fd, const msghdr& pieces) { return ::syscall(SYS_sendmsg, fd, &pieces, MSG_NOSIGNAL); }
#else
inline ssize_t receive(int fd, char* to, std::size_t size) { return ::recv(fd, to, size, 0); }
inline ssize_t send_piece(int fd, const void* from, std::size_t size) { return ::send(fd, from, size, MSG_NOSIGNAL); }
inline ssize_t send_pieces(int fd, const msghdr& pieces) { return ::sendmsg(fd, &pieces, MSG_NOSIGNAL); }
#endif

}  // namespace sallyport::async
