// SPDX-License-Identifier: Apache-2.0
#include "io/session_authority.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <algorithm>
#include <array>
#include <map>

#include "io/certificate_making.h"
#include "io/tls_state.h"

namespace strongroom::io {
namespace {

using Bignum = std::unique_ptr<BIGNUM, Freer<BN_clear_free>>;
using Group = std::unique_ptr<EC_GROUP, Freer<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freer<EC_POINT_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;

constexpr std::size_t kMostServers = 128;
constexpr double kBurst = 64;
constexpr double kEachSecond = 4;
/// A leaf outlives no session's limit by much, and is made anew long before its end.
constexpr std::chrono::hours kLeafLength{48};

/// The first of SHA-256(seed), SHA-256(SHA-256(seed)), ... that is a private key of the curve (the
/// first, but once in four billion).
Bignum scalar_of(const Secret& seed, const EC_GROUP* group) {
  std::array<std::uint8_t, 32> octets{};
  seed.reveal([&](ByteView plain) { ::SHA256(plain.data(), plain.size(), octets.data()); });
  Bignum scalar(BN_bin2bn(octets.data(), octets.size(), nullptr));
  while (scalar != nullptr &&
         (BN_is_zero(scalar.get()) || BN_cmp(scalar.get(), EC_GROUP_get0_order(group)) >= 0)) {
    ::SHA256(octets.data(), octets.size(), octets.data());
    scalar.reset(BN_bin2bn(octets.data(), octets.size(), nullptr));
  }
  wipe(octets.data(), octets.size());
  return scalar;
}

Key key_of(const Secret& seed) {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const Bignum scalar = scalar_of(seed, group.get());
  const Point point(EC_POINT_new(group.get()));
  std::array<std::uint8_t, 65> shown{};
  const bool has_point =
      scalar != nullptr &&
      EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, nullptr) == 1 &&
      EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, shown.data(),
                         shown.size(), nullptr) == shown.size();
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!has_point ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get()) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, shown.data(),
                                       shown.size()) != 1)
    return nullptr;
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1)
    return nullptr;
  return Key(key);
}

}  // namespace

struct SessionAuthority::State {
  struct Minted {
    TlsServer server;
    SteadyTime used{};
    SteadyTime good_until{};
  };
  Key key;
  Cert certificate;
  std::string pem;
  std::map<std::string, Minted, std::less<>> servers;
  double allowance = kBurst;
  SteadyTime counted{};

  /// A token bucket.
  bool may_mint(SteadyTime now) {
    const double seconds = std::chrono::duration<double>(now - counted).count();
    allowance = std::min(kBurst, allowance + std::max(0.0, seconds) * kEachSecond);
    counted = now;
    if (allowance < 1) return false;
    allowance -= 1;
    return true;
  }

  void make_place() {
    if (servers.size() < kMostServers) return;
    servers.erase(
        std::ranges::min_element(servers, {}, [](const auto& each) { return each.second.used; }));
  }
};

SessionAuthority::SessionAuthority(std::unique_ptr<State> state) : state_(std::move(state)) {}
SessionAuthority::SessionAuthority(SessionAuthority&&) noexcept = default;
SessionAuthority& SessionAuthority::operator=(SessionAuthority&&) noexcept = default;
SessionAuthority::~SessionAuthority() = default;

Result<SessionAuthority> SessionAuthority::from_seed(const Secret& seed, const std::string& name,
                                                     std::chrono::hours length) {
  auto state = std::make_unique<State>();
  state->key = key_of(seed);
  if (state->key == nullptr) return std::unexpected(making_failed());
  state->certificate = make_authority_certificate(state->key.get(), "Strongroom " + name, length);
  if (state->certificate == nullptr) return std::unexpected(making_failed());
  state->pem = pem_of(state->certificate.get());
  return SessionAuthority(std::move(state));
}

const std::string& SessionAuthority::certificate_pem() const {
  return state_->pem;
}

Result<const TlsServer*> SessionAuthority::server_for(std::string_view host, const Clock& clock) {
  const SteadyTime now = clock.steady();
  const auto found = state_->servers.find(host);
  if (found != state_->servers.end() && now < found->second.good_until) {
    found->second.used = now;
    return &found->second.server;
  }
  if (!state_->may_mint(now))
    return fail(Code::TooLarge, "too many certificates were asked for", "mint_limited");
  const Key key = new_key();
  const Cert leaf = make_leaf_certificate(state_->certificate.get(), state_->key.get(), key.get(),
                                          {std::string(host)}, kLeafLength);
  if (leaf == nullptr) return std::unexpected(making_failed());
  STRONGROOM_TRY(auto server, TlsServer::create({pem_of(leaf.get()), pem_of(key.get())},
                                                TlsServer::Protocols::Http2AndHttp1));
  state_->make_place();
  const auto [place, is_new] = state_->servers.insert_or_assign(
      std::string(host), State::Minted{std::move(server), now, now + kLeafLength / 2});
  return &place->second.server;
}

}  // namespace strongroom::io
