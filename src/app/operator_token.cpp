// SPDX-License-Identifier: Apache-2.0
#include "app/operator_token.h"

#include <sys/stat.h>

#include "api/server.h"
#include "app/files.h"

namespace strongroom::app {
namespace {

constexpr std::size_t kShortest = 20;

Result<crypto::Digest> make(const std::string& path) {
  const Secret token = api::make_operator_token();
  STRONGROOM_CHECKED(token.reveal(
      [&](ByteView plain) { return write_file(path, std::string(text_of(plain)) + "\n", 0600); }));
  return token.reveal([](ByteView plain) { return crypto::sha256(plain); });
}

}  // namespace

Result<crypto::Digest> operator_token(const std::string& path) {
  auto text = read_file(path, 4096);
  if (!text && text.error().code == Code::NotFound) return make(path);
  if (!text) return std::unexpected(std::move(text).error());
  struct stat info{};
  const bool is_private = ::stat(path.c_str(), &info) == 0 && (info.st_mode & 0077U) == 0;
  while (!text->empty() && text->back() == '\n') text->pop_back();
  const std::size_t size = text->size();
  const auto digest = crypto::sha256(bytes_of(*text));
  wipe(text->data(), text->size());
  if (!is_private)
    return fail(Code::Refused, "others may read the operator token: chmod 600 " + path);
  if (size < kShortest)
    return fail(Code::Refused,
                path +
                    " holds less than 20 characters, which keep nobody out: remove it, and a new "
                    "token is made");
  return digest;
}

}  // namespace strongroom::app
