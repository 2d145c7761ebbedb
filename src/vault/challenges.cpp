// SPDX-License-Identifier: Apache-2.0
#include "vault/challenges.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kNonce = 16;
constexpr std::size_t kFacts = kNonce + sizeof(std::int64_t) + sizeof(IdBytes);

SteadyTime end_of(ByteView challenge) {
  Reader in(challenge.subspan(kNonce));
  return SteadyTime(Duration(in.i64()));
}

}  // namespace

crypto::Digest Challenges::mac_of(ByteView facts, Ceremony ceremony,
                                  const crypto::Digest& browser) const {
  ByteVector message;
  Writer out(message);
  out.text("strongroom challenge");
  out.u8(static_cast<std::uint8_t>(ceremony));
  out.raw(browser);
  out.raw(facts);
  return crypto::hmac_sha256(key_, message);
}

ByteVector Challenges::make(Ceremony ceremony, MemberId member, const crypto::Digest& browser) {
  std::array<std::uint8_t, kNonce> nonce{};
  crypto::random(nonce);
  ByteVector challenge;
  Writer out(challenge);
  out.raw(nonce);
  out.i64((clock_.steady() + kTime).time_since_epoch().count());
  out.raw(member.view());
  out.raw(mac_of(challenge, ceremony, browser));
  return challenge;
}

std::optional<MemberId> Challenges::check(ByteView challenge, Ceremony ceremony,
                                          const crypto::Digest& browser) {
  if (challenge.size() != kFacts + sizeof(crypto::Digest)) return std::nullopt;
  const ByteView facts = challenge.first(kFacts);
  if (!equal_constant_time(challenge.subspan(kFacts), mac_of(facts, ceremony, browser)))
    return std::nullopt;
  const SteadyTime end = end_of(challenge);
  const SteadyTime now = clock_.steady();
  std::erase_if(used_, [&](const auto& each) { return each.first <= now; });
  if (now >= end || used_.contains({end, ByteVector(challenge.begin(), challenge.end())}))
    return std::nullopt;
  IdBytes member{};
  std::ranges::copy(facts.last(member.size()), member.begin());
  return MemberId(member);
}

crypto::Digest Challenges::derived(ByteView challenge, std::string_view purpose) const {
  ByteVector message;
  Writer out(message);
  out.text("strongroom challenge derived");
  out.text(purpose);
  out.raw(challenge);
  return crypto::hmac_sha256(key_, message);
}

void Challenges::use(ByteView challenge) {
  used_.emplace(end_of(challenge), ByteVector(challenge.begin(), challenge.end()));
}

}  // namespace strongroom::vault
