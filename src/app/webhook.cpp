// SPDX-License-Identifier: Apache-2.0
#include "app/webhook.h"

#include <algorithm>

#include "app/config_fields.h"
#include "base/encoding.h"
#include "base/secret_file.h"
#include "base/utf8.h"
#include "crypto/crypto.h"
#include "io/net.h"

namespace strongroom::app {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::string_view kSecretStart = "whsec_";
constexpr std::size_t kShortestSecret = 24;
constexpr std::size_t kLongestSecret = 64;
constexpr std::size_t kLongestUrl = 512;
constexpr std::size_t kLongestFile = 256;

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

Result<Webhook> read_webhook(const json::value& item, const std::filesystem::path& folder) {
  if (!item.is_object())
    return fail(Code::Invalid, "strongroom.toml: [[notice.webhook]] must be a table");
  const auto& table = item.get_object();
  STRONGROOM_CHECKED(refuse_unknown(table, "[[notice.webhook]]", {"url", "secret_file", "tenant"}));
  std::string url, file, tenant;
  STRONGROOM_CHECKED(take_text(table, "url", url));
  STRONGROOM_CHECKED(take_text(table, "secret_file", file));
  STRONGROOM_CHECKED(take_text(table, "tenant", tenant));
  if (file.empty())
    return fail(Code::Invalid, "[[notice.webhook]] needs secret_file, with its whsec_ secret");
  const std::string path = absolute(file, folder);
  const auto secret = read_secret_file(
      path, {.most = kLongestFile, .owner = FileOwner::Anyone, .may_be_link = true});
  if (!secret) return fail(secret.error().code, path + " " + secret.error().message);
  return secret->reveal([&](ByteView plain) {
    std::string_view text = text_of(plain);
    while (text.ends_with('\n')) text.remove_suffix(1);
    return Webhook::make(std::move(url), std::move(tenant), text);
  });
}

}  // namespace

Result<std::vector<Webhook>> read_webhooks(const json::value& notice,
                                           const std::filesystem::path& folder) {
  const auto* list = notice.is_object() ? notice.get_object().if_contains("webhook") : nullptr;
  if (list == nullptr || !list->is_array())
    return fail(Code::Invalid,
                "strongroom.toml: write [[notice.webhook]] with two pairs of brackets");
  STRONGROOM_CHECKED(refuse_unknown(notice.get_object(), "[notice]", {"webhook"}));
  std::vector<Webhook> out;
  for (const auto& item : list->get_array()) {
    STRONGROOM_TRY(auto hook, read_webhook(item, folder));
    out.push_back(std::move(hook));
  }
  return out;
}

Result<Webhook> Webhook::make(std::string url, std::string tenant, std::string_view secret_text) {
  const auto wrong = [&](std::string_view why) {
    return fail(Code::Invalid,
                "[[notice.webhook]] url " + url.substr(0, kLongestUrl) + ": " + std::string(why));
  };
  if (!url.starts_with(kScheme) || url.size() > kLongestUrl || !is_printable(url))
    return wrong("begins with https://, and has at most 512 characters");
  const std::string_view rest = std::string_view(url).substr(kScheme.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  std::string authority(rest.substr(0, slash));
  if (authority.find(':') == std::string::npos) authority += ":443";
  const auto place = io::parse_endpoint(authority);
  if (!place || !checked_host(place->host)) return wrong("names no host");
  Webhook out;
  out.host = place->host;
  out.authority = authority;
  out.target = slash == rest.size() ? "/" : std::string(rest.substr(slash));
  if (!secret_text.starts_with(kSecretStart)) return wrong("its secret begins with whsec_");
  const auto secret = from_base64(secret_text.substr(kSecretStart.size()));
  if (!secret || secret->size() < kShortestSecret || secret->size() > kLongestSecret)
    return wrong("its secret is whsec_ and 24 to 64 octets in base64");
  out.secret = Secret(*secret);
  out.url = std::move(url);
  out.tenant = std::move(tenant);
  return out;
}

std::string Webhook::signature(std::string_view id, std::int64_t seconds,
                               std::string_view body) const {
  std::string said(id);
  said.append(".").append(std::to_string(seconds)).append(".").append(body);
  return "v1," + to_base64(crypto::hmac_sha256(secret, bytes_of(said)));
}

}  // namespace strongroom::app
