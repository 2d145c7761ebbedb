// SPDX-License-Identifier: Apache-2.0
#include "crypto/ssh_key.h"

#include <openssl/ecdsa.h>
#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "crypto/ssh_parameters.h"

namespace strongroom::crypto {
namespace {

constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----";
constexpr std::string_view kEnd = "-----END OPENSSH PRIVATE KEY-----";
constexpr std::string_view kMagic{"openssh-key-v1\0", 15};
constexpr std::string_view kSha256 = "rsa-sha2-256";
constexpr std::string_view kSha512 = "rsa-sha2-512";
constexpr std::size_t kPart = 8192;  ///< of a key or a signature; 16384 bits are 2048 octets

std::unexpected<Error> wrong(const std::string& what) {
  return fail(Code::Invalid, "This is " + what + ": nothing was stored.");
}

int value_of(std::uint8_t c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// The octets between the two lines; base/encoding.h decodes into memory that is not locked.
std::optional<Secret> unarmored(ByteView plain) {
  const std::string_view text = text_of(plain);
  const auto begin = text.find(kBegin);
  const auto end = text.find(kEnd);
  if (begin == text.npos || end == text.npos || end < begin + kBegin.size()) return std::nullopt;
  const ByteView inner = plain.subspan(begin + kBegin.size(), end - begin - kBegin.size());
  Secret out = Secret::of_size(inner.size());
  std::size_t size = 0;
  const bool is_right = out.reveal_mutable([&](MutableBytes room) {
    std::uint32_t bits = 0;
    int have = 0;
    for (const auto c : inner) {
      if (c == '\n' || c == '\r' || c == '=' || c == ' ') continue;
      const int value = value_of(c);
      if (value < 0) return false;
      bits = bits << 6U | static_cast<std::uint32_t>(value);
      have += 6;
      if (have < 8) continue;
      have -= 8;
      room[size++] = static_cast<std::uint8_t>(bits >> static_cast<unsigned>(have));
    }
    return true;
  });
  out.shrink(size);
  if (!is_right || size == 0) return std::nullopt;
  return out;
}

/// What stands in the part that a passphrase would encrypt.
SshOwned<EVP_PKEY> private_part(Reader& in, std::string_view type) {
  if (type == kSshEd25519) {
    const ByteView open = in.blob(kPart);
    const ByteView both = in.blob(kPart);
    if (open.size() != 32 || both.size() != 64 || !std::ranges::equal(open, both.subspan(32)))
      return nullptr;
    return SshOwned<EVP_PKEY>(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, both.data(), 32));
  }
  if (type == kSshRsa) {
    const ByteView modulus = in.blob(kPart);
    const ByteView exponent = in.blob(kPart);
    const ByteView secret = in.blob(kPart);
    return secret.empty() ? nullptr : ssh_rsa_key(modulus, exponent, secret);
  }
  const auto* curve = curve_of(type);
  if (curve == nullptr || in.text(kPart) != curve->name) return nullptr;
  const ByteView point = in.blob(kPart);
  const ByteView secret = in.blob(kPart);
  return secret.empty() ? nullptr : ssh_ecdsa_key(*curve, point, secret);
}

struct Read {
  SshOwned<EVP_PKEY> key;
  std::string type;
  ByteVector public_blob;
};

Result<Read> read_binary(ByteView octets) {
  Reader in(octets);
  if (text_of(in.raw(kMagic.size())) != kMagic) return wrong("no private key of OpenSSH's format");
  const std::string_view cipher = in.text(kPart);
  (void)in.blob(kPart);
  (void)in.blob(kPart);
  if (in.is_ok() && cipher != "none")
    return wrong(
        "a private key under a passphrase, which nobody could give in a workroom (take the "
        "passphrase off a copy with ssh-keygen -p, or use a key of this purpose's own)");
  const std::uint32_t count = in.u32();
  const ByteView open = in.blob(kPart);
  Reader inner(in.blob());
  const std::uint32_t check = inner.u32();
  if (!in.is_ok() || count != 1 || check != inner.u32())
    return wrong("no private key of OpenSSH's format");
  Read out;
  out.type = inner.text(kPart);
  out.key = private_part(inner, out.type);
  if (!out.key || !inner.is_ok())
    return wrong("no Ed25519, ECDSA or RSA key (of at least 2048 bits)");
  out.public_blob.assign(open.begin(), open.end());
  return out;
}

const char* digest_for(std::string_view type, SshKey::RsaHash hash) {
  if (type == kSshEd25519) return nullptr;
  if (const auto* curve = curve_of(type)) return curve->digest;
  return hash == SshKey::RsaHash::Sha256 ? "SHA256" : "SHA512";
}

std::optional<ByteVector> raw_signature(EVP_PKEY* key, const char* digest, ByteView data) {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  std::size_t size = 0;
  ByteVector out;
  bool is_done =
      EVP_DigestSignInit_ex(context, nullptr, digest, nullptr, nullptr, key, nullptr) == 1 &&
      EVP_DigestSign(context, nullptr, &size, data.data(), data.size()) == 1;
  if (is_done) {
    out.resize(size);
    is_done = EVP_DigestSign(context, out.data(), &size, data.data(), data.size()) == 1;
    out.resize(size);
  }
  EVP_MD_CTX_free(context);
  if (!is_done) return std::nullopt;
  return out;
}

/// RFC 4251 5: a leading zero where the first bit is set.
void write_number(Writer& writer, const BIGNUM* number) {
  ByteVector octets(static_cast<std::size_t>(BN_num_bytes(number)) + 1);
  BN_bn2bin(number, octets.data() + 1);
  const bool needs_zero = octets.size() > 1 && (octets[1] & 0x80U) != 0;
  writer.blob(ByteView(octets).subspan(needs_zero ? 0 : 1));
}

/// From DER to RFC 5656 3.1.2.
std::optional<ByteVector> two_numbers(ByteView der) {
  const std::uint8_t* at = der.data();
  ECDSA_SIG* const parsed = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  if (parsed == nullptr) return std::nullopt;
  ByteVector out;
  Writer writer(out);
  write_number(writer, ECDSA_SIG_get0_r(parsed));
  write_number(writer, ECDSA_SIG_get0_s(parsed));
  ECDSA_SIG_free(parsed);
  return out;
}

/// And back.
std::optional<ByteVector> der_of(ByteView numbers) {
  Reader in(numbers);
  const ByteView first = in.blob(kPart);
  const ByteView second = in.blob(kPart);
  if (!in.is_at_end()) return std::nullopt;
  ByteVector der = ecdsa_der(first, second);
  if (der.empty()) return std::nullopt;
  return der;
}

SshOwned<EVP_PKEY> public_key(ByteView blob, std::string& type) {
  Reader in(blob);
  type = in.text(kPart);
  SshOwned<EVP_PKEY> out;
  if (type == kSshEd25519) {
    const ByteView octets = in.blob(kPart);
    if (octets.size() == 32)
      out.reset(
          EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets.data(), octets.size()));
  } else if (type == kSshRsa) {
    const ByteView exponent = in.blob(kPart);
    const ByteView modulus = in.blob(kPart);
    out = ssh_rsa_key(modulus, exponent, {});
  } else if (const auto* curve = curve_of(type);
             curve != nullptr && in.text(kPart) == curve->name) {
    out = ssh_ecdsa_key(*curve, in.blob(kPart), {});
  }
  return in.is_at_end() ? std::move(out) : nullptr;
}

}  // namespace

SshKey::SshKey() : key_(nullptr, &EVP_PKEY_free) {}
SshKey::SshKey(SshKey&&) noexcept = default;
SshKey& SshKey::operator=(SshKey&&) noexcept = default;
SshKey::~SshKey() = default;

Result<SshKey> SshKey::read(const Secret& text) {
  auto binary = text.reveal(unarmored);
  if (!binary)
    return wrong(
        "no private key as OpenSSH writes it, from -----BEGIN OPENSSH PRIVATE KEY----- on "
        "(ssh-keygen -p rewrites older ones)");
  auto found = binary->reveal(read_binary);
  if (!found) return std::unexpected(std::move(found).error());
  SshKey out;
  out.type_ = std::move(found->type);
  out.public_blob_ = std::move(found->public_blob);
  out.key_.reset(found->key.release());
  // A public part that is not its own would be offered to servers in vain.
  const auto probe = out.sign(bytes_of("probe"), RsaHash::Sha512);
  if (!probe || !verify_ssh(out.public_blob_, bytes_of("probe"), *probe))
    return wrong("a private key whose two parts do not belong together");
  return out;
}

Result<ByteVector> SshKey::sign(ByteView data, RsaHash hash) const {
  auto raw = raw_signature(key_.get(), digest_for(type_, hash), data);
  if (raw && curve_of(type_) != nullptr) raw = two_numbers(*raw);
  if (!raw) return fail(Code::Invalid, "the key does not sign");
  ByteVector out;
  Writer writer(out);
  writer.text(type_ != kSshRsa ? std::string_view(type_)
                               : (hash == RsaHash::Sha256 ? kSha256 : kSha512));
  writer.blob(*raw);
  return out;
}

bool verify_ssh(ByteView public_blob, ByteView data, ByteView signature) {
  std::string type;
  const auto key = public_key(public_blob, type);
  Reader in(signature);
  const std::string_view algorithm = in.text(kPart);
  const ByteView octets = in.blob(kPart);
  if (!key || !in.is_at_end()) return false;
  const bool is_its_algorithm =
      type == kSshRsa ? algorithm == kSha256 || algorithm == kSha512 : algorithm == type;
  if (!is_its_algorithm) return false;
  ByteVector raw(octets.begin(), octets.end());
  if (curve_of(type) != nullptr) {
    auto der = der_of(octets);
    if (!der) return false;
    raw = std::move(*der);
  }
  const auto hash = algorithm == kSha256 ? SshKey::RsaHash::Sha256 : SshKey::RsaHash::Sha512;
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool is_right =
      EVP_DigestVerifyInit_ex(context, nullptr, digest_for(type, hash), nullptr, nullptr, key.get(),
                              nullptr) == 1 &&
      EVP_DigestVerify(context, raw.data(), raw.size(), data.data(), data.size()) == 1;
  EVP_MD_CTX_free(context);
  return is_right;
}

}  // namespace strongroom::crypto
