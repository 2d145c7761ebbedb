// SPDX-License-Identifier: Apache-2.0
#include "io/tls/socket_bio.h"

#include <sys/socket.h>
#include <cerrno>

namespace strongroom::io {
namespace {

Descriptor& socket_of(BIO* bio) {
  return *static_cast<Descriptor*>(BIO_get_data(bio));
}

int read_some(BIO* bio, char* into, std::size_t size, std::size_t* got) {
  Descriptor& socket = socket_of(bio);
  *got = 0;
  BIO_clear_retry_flags(bio);
  if (socket.is_open() && !socket.may_read()) {
    BIO_set_retry_read(bio);
    return 0;
  }
  ssize_t result = 0;
  do {
    result = ::recv(socket.fd(), into, size, 0);
  } while (result < 0 && errno == EINTR);
  if (result > 0) {
    *got = static_cast<std::size_t>(result);
    if (*got < size) socket.drained();
    return 1;
  }
  if (result == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    socket.drained();
    BIO_set_retry_read(bio);
  }
  return 0;
}

int write_some(BIO* bio, const char* from, std::size_t size, std::size_t* sent) {
  Descriptor& socket = socket_of(bio);
  *sent = 0;
  BIO_clear_retry_flags(bio);
  ssize_t result = 0;
  do {
    result = ::send(socket.fd(), from, size, MSG_NOSIGNAL);
  } while (result < 0 && errno == EINTR);
  if (result >= 0) {
    *sent = static_cast<std::size_t>(result);
    return 1;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    socket.filled();
    BIO_set_retry_write(bio);
  }
  return 0;
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

const BIO_METHOD* method() {
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* table =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "strongroom socket");
    BIO_meth_set_read_ex(table, read_some);
    BIO_meth_set_write_ex(table, write_some);
    BIO_meth_set_ctrl(table, control);
    return table;
  }();
  return made;
}

}  // namespace

BIO* new_socket_bio(Descriptor& socket) {
  BIO* bio = BIO_new(method());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace strongroom::io
