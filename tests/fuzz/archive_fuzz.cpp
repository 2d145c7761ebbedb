// Fuzzes the reading of archives: no crash, every object ends that has begun, and no more comes out
// than the sink allows. SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <unistd.h>
#include <cstdlib>

#include "scan/archive.h"

using namespace strongroom;

namespace {

class CountingSink final : public scan::Sink {
 public:
  Status begin(scan::Place place) override {
    if (is_open_) std::abort();
    if (place.name_begins != std::string::npos && place.name_begins > place.path.size())
      std::abort();
    is_open_ = true;
    return {};
  }
  Status data(ByteView octets) override {
    if (!is_open_) std::abort();
    if (octets.size() > left_) return fail(Code::TooLarge, "enough");
    left_ -= octets.size();
    return {};
  }
  Status end() override {
    if (!is_open_) std::abort();
    is_open_ = false;
    return {};
  }
  void skip(std::string, std::string why) override {
    if (why.empty()) std::abort();
  }

 private:
  bool is_open_ = false;
  std::size_t left_ = std::size_t{4} << 20U;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = ::memfd_create("archive", MFD_CLOEXEC);
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size))
    return 0;
  CountingSink sink;
  const Status done = scan::read_archive(file, "a", sink);
  if (!done && done.error().code != Code::TooLarge) std::abort();
  return 0;
}
