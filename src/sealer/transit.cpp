// A seal by the transit engine of OpenBao or Vault: 32 random octets, encrypted by a key there.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "sealer/answers.h"
#include "sealer/https.h"
#include "sealer/work.h"
#include "sealer/wrapping.h"

namespace strongroom::sealer {
namespace {

using external_seal::Job;
using external_seal::Outcome;

std::string or_else(const std::string& text, const char* usual) {
  return text.empty() ? usual : text;
}

/// What goes into a header is one line of what can be seen.
bool is_header_value(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

class Transit {
 public:
  Transit(const Job& job, HttpsPlace place)
      : job_(job), place_(std::move(place)), key_(job.settings.value("key")) {}

  /// With the token of the file, or the one that the role gets for its secret id.
  Status log_in() {
    const std::string& role = job_.settings.value("role_id");
    if (role.empty()) return take_token(job_.credential);
    std::string secret_id =
        job_.credential.reveal([](ByteView plain) { return std::string(text_of(plain)); });
    const std::string mount = or_else(job_.settings.value("auth_mount"), "approle");
    STRONGROOM_TRY(const auto answer,
                   post("/v1/auth/" + mount + "/login",
                        {{"role_id", role}, {"secret_id", std::move(secret_id)}}));
    STRONGROOM_TRY(const Secret token, read_login(answer.status, answer.body));
    return take_token(token);
  }
  Result<ByteVector> encrypt(const Secret& key) {
    const std::string text = key.reveal([](ByteView plain) { return to_base64(plain); });
    STRONGROOM_TRY(const auto answer, post(target("encrypt"), {{"plaintext", text}}));
    return read_transit_ciphertext(answer.status, answer.body, key_);
  }
  Result<Secret> decrypt(ByteView wrapped) {
    STRONGROOM_TRY(const auto answer, post(target("decrypt"), {{"ciphertext", text_of(wrapped)}}));
    return read_transit_plaintext(answer.status, answer.body, key_);
  }

 private:
  [[nodiscard]] std::string target(std::string_view what) const {
    return "/v1/" + or_else(job_.settings.value("mount"), "transit") + "/" + std::string(what) +
           "/" + percent_encode(key_);
  }
  Status take_token(const Secret& token) {
    token_ = token.reveal([](ByteView plain) { return std::string(text_of(plain)); });
    if (token_.empty() || !is_header_value(token_))
      return refused("What the seal's file holds is no token of OpenBao or Vault.");
    return {};
  }
  Result<http::ClientResponse> post(const std::string& to, const json::object& document) {
    const std::string body = to_text(document);
    http::ClientRequest request;
    request.method = "POST";
    request.target = to;
    request.body = body;
    request.headers = {{"Content-Type", "application/json"}, {"X-Vault-Request", "true"}};
    if (!token_.empty()) request.headers.emplace_back("X-Vault-Token", token_);
    const std::string& of = job_.settings.value("namespace");
    if (!of.empty()) request.headers.emplace_back("X-Vault-Namespace", of);
    return ask(place_, job_.settings.value("ca"), std::move(request));
  }
  const Job& job_;
  HttpsPlace place_;
  const std::string& key_;
  std::string token_;
};

}  // namespace

Result<Outcome> work_at_transit(const Job& job) {
  STRONGROOM_TRY(auto place, parse_https(job.settings.value("url")));
  Transit transit(job, std::move(place));
  STRONGROOM_CHECKED(transit.log_in());
  return wrap_or_unwrap(transit, job, "OpenBao or Vault");
}

}  // namespace strongroom::sealer
