// SPDX-License-Identifier: Apache-2.0
#include "api/sign_in_reply.h"

#include "api/admission.h"
#include "api/views.h"
#include "base/encoding.h"

namespace strongroom::api {
namespace {

constexpr std::chrono::hours kBrowserKept{24 * 180};
/// What only the browser has from which somebody comes in. It lets nobody in.
constexpr std::chrono::minutes kCeremonyKept{5};

}  // namespace

SignInThrottle::Try try_of(const Call& call, const std::string& tenant, const std::string& member) {
  SignInThrottle::Try out;
  out.member = tenant + "\r" + member;
  out.is_known = call.services.vault.is_browser_of(call.browser, tenant, member);
  out.place = out.is_known ? "browser " + call.browser : "address " + call.from;
  return out;
}

std::pair<std::string, std::string> cookie_header(std::string_view name, std::string_view value,
                                                  std::chrono::seconds time) {
  return {"Set-Cookie", std::string(name) + "=" + std::string(value) +
                            "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=" +
                            std::to_string(time.count())};
}

crypto::Digest new_browser(Reply& reply) {
  std::array<std::uint8_t, 32> half{};
  crypto::random(half);
  const std::string text = to_base64url(half);
  reply.headers.push_back(cookie_header(kCeremonyCookie, text, kCeremonyKept));
  return crypto::sha256(bytes_of(text));
}

crypto::Digest browser_of(const Call& call) {
  return crypto::sha256(bytes_of(call.ceremony));
}

Result<crypto::Digest> signed_in_browser(const Call& call) {
  if (call.credential.sign_in) return call.credential.sign_in->cookie;
  return fail(Code::Refused, "That is for who has signed in.", "sign_in_needed");
}

Reply signed_in(vault::Vault& vault, const vault::IssuedSignIn& issued) {
  const auto& view = issued.view;
  Reply out;
  out.document = json::object{{"id", view.id.text()},
                              {"tenant", view.tenant},
                              {"member", view.member},
                              {"expires", to_rfc3339(view.expires)},
                              {"csrf_token", issued.page_half}};
  out.headers.push_back(cookie_header(kSignInCookie, issued.cookie, vault::kLongestSignIn));
  out.headers.push_back(
      cookie_header(kBrowserCookie, vault.browser_mark(view.tenant, view.member), kBrowserKept));
  return out;
}

Reply signed_out() {
  Reply out;
  out.headers.push_back(cookie_header(kSignInCookie, "", std::chrono::seconds(0)));
  return out;
}

}  // namespace strongroom::api
