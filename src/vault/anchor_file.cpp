// The file is written beside, synchronised and renamed, and then its folder is synchronised: after
// a loss of power it is the one from before or the one from after. SPDX-License-Identifier:
// Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/owned_descriptor.h"
#include "base/replaced_file.h"
#include "vault/anchor.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kLargest = 4096;

class AnchorFile final : public AnchorPlace {
 public:
  explicit AnchorFile(std::string path) : path_(std::move(path)) {}

  Result<std::optional<std::string>> read() override {
    const OwnedDescriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    // A folder that is missing may be a disk that is not there: that is no missing anchor.
    if (file.get() < 0 && errno == ENOENT && has_folder()) return std::nullopt;
    if (file.get() < 0) return failed("cannot be read");
    std::array<char, kLargest + 1> octets{};
    const ssize_t size = ::read(file.get(), octets.data(), octets.size());
    if (size < 0) return failed("cannot be read");
    return std::string(octets.data(), static_cast<std::size_t>(size));
  }

  Status write(const std::string& text) override {
    if (!replace_file(path_, bytes_of(text), 0600, Outlives::PowerLossAtOnce))
      return failed("cannot be written");
    return {};
  }

  [[nodiscard]] std::string name() const override { return "the anchor " + path_; }

 private:
  [[nodiscard]] std::unexpected<Error> failed(std::string_view what) const {
    return fail(Code::Storage,
                name() + " " + std::string(what) + ": " + std::string(std::strerror(errno)) + ".",
                "anchor_unavailable");
  }
  [[nodiscard]] bool has_folder() const {
    struct stat info{};
    return ::stat(folder_of(path_).c_str(), &info) == 0;
  }
  std::string path_;
};

}  // namespace

std::unique_ptr<AnchorPlace> anchor_in_file(std::string path) {
  return std::make_unique<AnchorFile>(std::move(path));
}

}  // namespace strongroom::vault
