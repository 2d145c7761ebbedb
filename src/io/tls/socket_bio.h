// The way between OpenSSL and a socket. Unlike OpenSSL's own it raises no SIGPIPE, asks the kernel
// nothing when the last read took all there was, and cannot touch a descriptor that has been closed
// and given to somebody else. For io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>

#include "io/descriptor.h"

namespace strongroom::io {

/// `socket` outlives the BIO's use.
[[nodiscard]] BIO* new_socket_bio(Descriptor& socket);

}  // namespace strongroom::io
