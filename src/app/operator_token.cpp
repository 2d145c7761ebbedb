// SPDX-License-Identifier: Apache-2.0
#include "app/operator_token.h"

#include "api/server.h"
#include "app/files.h"
#include "base/secret_file.h"

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
  const auto text =
      read_secret_file(path, {.most = 4096, .owner = FileOwner::Anyone, .may_be_link = true});
  if (!text && text.error().code == Code::NotFound) return make(path);
  if (!text)
    return fail(text.error().code, "the operator token " + path + " " + text.error().message);
  std::size_t size = 0;
  const auto digest = text->reveal([&](ByteView plain) {
    size = plain.size();
    while (size > 0 && plain[size - 1] == '\n') --size;
    return crypto::sha256(plain.first(size));
  });
  if (size < kShortest)
    return fail(Code::Refused,
                path +
                    " holds less than 20 characters, which keep nobody out: remove it, and a new "
                    "token is made");
  return digest;
}

}  // namespace strongroom::app
