// SPDX-License-Identifier: Apache-2.0
#include "vault/identity_claims.h"

#include <algorithm>
#include <charconv>

#include "base/small_letters.h"
#include "base/utf8.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kLongestSubject = 255;
constexpr std::size_t kLongestName = 64;

}  // namespace

std::unexpected<Error> not_taken(const std::string& why) {
  return fail(Code::Unauthorized, "The identity provider's answer is not taken: " + why + ".",
              "identity_refused");
}

Status check_claims(const dynamic::Outcome& said, const store::IdentityProvider& row,
                    const std::string& nonce, std::int64_t now) {
  const auto audience = parse_json(said.fact("aud"));
  const bool is_for_us = is_for_client(said.fact("aud"), row.client_id);
  const std::string& party = said.fact("azp");
  if (said.fact("iss") != row.issuer) return not_taken("its token is another issuer's");
  if (!is_for_us) return not_taken("its token is for somebody else");
  if (party != row.client_id && (!party.empty() || audience->get_array().size() > 1))
    return not_taken("its token was given to somebody else");
  if (!equal_constant_time(crypto::sha256(bytes_of(said.fact("nonce"))),
                           crypto::sha256(bytes_of(nonce))))
    return not_taken("its token is of another sign-in");
  const auto ends = number_of(said.fact("exp"));
  const auto made = number_of(said.fact("iat"));
  if (!ends || now >= *ends + kProviderSkew.count()) return not_taken("its token is over");
  if (!made || *made > now + kProviderSkew.count() ||
      now - *made > std::chrono::seconds(kProviderFresh).count() + kProviderSkew.count())
    return not_taken("its token was not made just now: compare the clocks");
  if (!said.fact("nbf").empty() &&
      number_of(said.fact("nbf")).value_or(now + kProviderFresh.count() * 60) >
          now + kProviderSkew.count())
    return not_taken("its token is not good yet");
  if (said.fact("sub").empty() || said.fact("sub").size() > kLongestSubject)
    return not_taken("its token does not say who somebody is");
  return {};
}

std::vector<std::string> groups_at(const std::vector<std::string>& asked,
                                   const std::string& places) {
  std::vector<std::string> out;
  std::string_view rest = places;
  while (!rest.empty()) {
    const std::string_view place = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(place.size() + 1, rest.size()));
    const auto number = number_of(std::string(place));
    if (!number || *number < 0 || static_cast<std::size_t>(*number) >= asked.size()) continue;
    out.push_back(asked[static_cast<std::size_t>(*number)]);
  }
  return out;
}

Result<std::string> role_in(const store::IdentityProvider& row,
                            const std::vector<std::string>& groups) {
  STRONGROOM_TRY(const auto table, settings_of(row.roles));
  std::optional<Role> best;
  for (const auto& [group, word] : table) {
    if (std::ranges::find(groups, group) == groups.end()) continue;
    const auto role = role_of(word);
    if (role && (!best || *role < *best)) best = role;
  }
  return best ? std::string(name_of(*best)) : row.other_role;
}

Status check_domain(const store::IdentityProvider& row, const dynamic::Outcome& said) {
  STRONGROOM_TRY(const auto domains, texts_of(row.domains));
  if (domains.empty()) return {};
  const std::string address = in_small_letters(said.fact("email"));
  const auto at = address.rfind('@');
  const bool is_known = at != std::string::npos && !said.fact("email_verified").empty() &&
                        std::ranges::find(domains, address.substr(at + 1)) != domains.end();
  if (is_known) return {};
  return fail(Code::Refused,
              "Your email address is of no domain that this tenant lets in, or your provider has "
              "not verified it.",
              "domain_not_allowed");
}

std::vector<std::string> names_in(const dynamic::Outcome& said) {
  std::vector<std::string> out;
  for (const std::string_view claim : {"preferred_username", "email", "sub"}) {
    std::string name = name_like(said.fact(claim));
    if (checked_name("member", name)) out.push_back(std::move(name));
  }
  return out;
}

std::string name_like(std::string_view text) {
  std::string name;
  for (const char c : text.substr(0, kLongestName)) {
    const char small = small_letter(c);
    const bool fits = (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9') ||
                      small == '.' || small == '@' || small == '_' || small == '-';
    if (fits) name += small;
  }
  return name;
}

std::string word_of(const Settings& said, std::string_view name) {
  const auto found = std::ranges::find(said, name, &Settings::value_type::first);
  return found == said.end() ? std::string() : found->second;
}

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_for_client(const std::string& audience, const std::string& client) {
  const auto all = parse_json(audience);
  return all && all->is_array() &&
         std::ranges::find(all->get_array(), json::value(client)) != all->get_array().end();
}

}  // namespace strongroom::vault
