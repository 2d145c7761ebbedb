// SPDX-License-Identifier: Apache-2.0
#include "io/delivery.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace strongroom::io {
namespace {
constexpr std::chrono::milliseconds kLookEvery{20};
}

Task<Status> acknowledged(Stream& stream, Deadline deadline) {
  for (;;) {
    if (!stream.is_open() || stream.has_peer_ended())
      co_return fail(Code::Network, "the other side ended the connection");
    int under_way = 0;
    if (::ioctl(stream.native_handle(), SIOCOUTQ, &under_way) != 0)
      co_return fail(Code::Network, "the connection cannot be asked how far it is");
    if (under_way == 0) co_return Status();
    if (deadline.has_passed(stream.loop().clock().steady()))
      co_return fail(Code::Timeout, "the other side takes nothing");
    co_await stream.loop().sleep(kLookEvery);
  }
}

}  // namespace strongroom::io
