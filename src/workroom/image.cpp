// SPDX-License-Identifier: Apache-2.0
#include "workroom/image.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/json.h"
#include "workroom/image_config.h"
#include "workroom/programs.h"
#include "workroom/small_files.h"

namespace strongroom::workroom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestDocument = 4UL << 20U;
constexpr std::chrono::minutes kUnpackWithin{10};

bool is_layout(const std::string& folder) {
  std::error_code ignored;
  return fs::exists(folder + "/oci-layout", ignored) && fs::exists(folder + "/index.json", ignored);
}

std::string cache_folder() {
  const char* const wanted = std::getenv("XDG_CACHE_HOME");
  if (wanted != nullptr && wanted[0] == '/') return std::string(wanted) + "/strongroom/images";
  if (::geteuid() == 0) return "/var/cache/strongroom/images";
  const char* const home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/tmp") + "/.cache/strongroom/images";
}

/// The digest's hexadecimal digits: what is unpacked is kept under them.
Result<std::string> digest_of(const std::string& layout, const std::string& tag) {
  STRONGROOM_TRY(const std::string text, read_small_file(layout + "/index.json", kLongestDocument));
  STRONGROOM_TRY(const auto index, parse_json(text));
  const auto* manifests = index.is_object() ? index.get_object().if_contains("manifests") : nullptr;
  if (manifests == nullptr || !manifests->is_array())
    return fail(Code::Invalid, layout + " is not an image layout");
  for (const auto& each : manifests->get_array()) {
    if (!each.is_object()) continue;
    const auto digest = optional_string(each.get_object(), "digest").value_or("");
    const auto* notes = each.get_object().if_contains("annotations");
    const std::string name =
        notes != nullptr && notes->is_object()
            ? optional_string(notes->get_object(), "org.opencontainers.image.ref.name").value_or("")
            : "";
    const bool is_digest = digest.starts_with("sha256:") && digest.size() == 71 &&
                           digest.find_first_not_of("0123456789abcdef", 7) == std::string::npos;
    if (name == tag && is_digest) return digest.substr(7);
  }
  return fail(Code::NotFound, "the image layout " + layout + " has no tag '" + tag + "'");
}

/// What umoci has made of the image's configuration.
Result<Image> read_bundle(const std::string& bundle) {
  Image image;
  image.root = bundle + "/rootfs";
  STRONGROOM_TRY(const std::string text,
                 read_small_file(bundle + "/config.json", kLongestDocument));
  STRONGROOM_TRY(const auto config, parse_json(text));
  const auto* process = config.is_object() ? config.get_object().if_contains("process") : nullptr;
  if (process == nullptr || !process->is_object())
    return fail(Code::Invalid, "the unpacked image has no process");
  image.variables = variables_of(process->get_object(), "env");
  image.command = texts_of(process->get_object(), "args");
  image.working_directory = optional_string(process->get_object(), "cwd").value_or("/");
  if (const auto* user = process->get_object().if_contains("user");
      user != nullptr && user->is_object()) {
    const auto number = [&](const char* name) {
      const auto* found = user->get_object().if_contains(name);
      return found != nullptr && found->is_int64() ? std::to_string(found->get_int64()) : "0";
    };
    image.user = number("uid") + ":" + number("gid");
  }
  return image;
}

/// Each into a folder of its own, which becomes the cached one by its name, whole.
io::Task<Result<Image>> unpack(io::Loop& loop, std::string layout, std::string tag) {
  const auto digest = digest_of(layout, tag);
  if (!digest) co_return std::unexpected(digest.error());
  const std::string folder = cache_folder();
  const std::string bundle = folder + "/" + *digest;
  std::error_code problem;
  if (fs::exists(bundle, problem)) co_return read_bundle(bundle);
  fs::create_directories(folder, problem);
  fs::permissions(folder, fs::perms::owner_all, problem);
  std::string draft = folder + "/unpacking-XXXXXX";
  if (::mkdtemp(draft.data()) == nullptr)
    co_return fail(Code::Storage,
                   "cannot unpack the image into " + folder + ": " + std::strerror(errno));
  Command umoci;
  umoci.program = "umoci";
  umoci.arguments = {"unpack", "--image", layout + ":" + tag, draft + "/bundle"};
  umoci.within = kUnpackWithin;
  const auto done = co_await run_program(loop, std::move(umoci));
  // Who was faster has made the same.
  if (done) ::rename((draft + "/bundle").c_str(), bundle.c_str());
  fs::remove_all(draft, problem);
  if (!done) co_return std::unexpected(done.error());
  co_return read_bundle(bundle);
}

}  // namespace

io::Task<Result<Image>> open_image(io::Loop& loop, std::string name) {
  std::error_code problem;
  std::string tag = "latest";
  if (!fs::is_directory(name, problem)) {
    const auto colon = name.rfind(':');
    if (colon != std::string::npos && colon > 0 &&
        fs::is_directory(name.substr(0, colon), problem)) {
      tag = name.substr(colon + 1);
      name.resize(colon);
    } else {
      co_return fail(Code::NotFound, "there is no image " + name +
                                         ": name a folder with a root filesystem, or an image "
                                         "layout as FOLDER[:TAG]");
    }
  }
  const std::string folder = fs::canonical(name, problem).string();
  if (problem) co_return fail(Code::NotFound, "the image " + name + " cannot be read");
  if (is_layout(folder)) co_return co_await unpack(loop, folder, std::move(tag));
  Image image;
  image.root = folder;
  co_return image;
}

}  // namespace strongroom::workroom
