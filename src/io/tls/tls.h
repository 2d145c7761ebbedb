// TLS contexts and the certificates we make ourselves. OpenSSL 3, TLS 1.2 and later.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "io/authority/leaf.h"

namespace strongroom::io {

/// What a client offers by ALPN (RFC 7301), for one connection.
enum class ProtocolOffer : std::uint8_t { Http1, Http2AndHttp1 };

/// Why a server ends a handshake that it has only begun, as its alert says (RFC 8446 6.2).
enum class TlsRefusal : std::uint8_t { UnrecognizedName, InternalError };

/// Error::reason of a handshake in which the server speaks nothing of what was offered.
inline constexpr std::string_view kNoCommonProtocol = "no_common_protocol";
/// ... in which the other end's certificate was not accepted.
inline constexpr std::string_view kCertificateRefused = "tls_certificate";

/// Client side: system roots and `extra_ca_pem` (may be empty), host name checks on, session
/// resumption on.
class TlsClient {
 public:
  static Result<TlsClient> create(const std::string& extra_ca_pem);
  TlsClient(TlsClient&&) noexcept;
  TlsClient& operator=(TlsClient&&) noexcept;
  ~TlsClient();
  struct State;
  [[nodiscard]] State& state() const { return *state_; }

 private:
  explicit TlsClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A certificate chain and its private key, PEM.
struct Certificate {
  std::string chain_pem;
  std::string private_key_pem;
};

/// Server side with one certificate.
class TlsServer {
 public:
  /// `protocols`: the first of them that the client offers by ALPN (RFC 7301) is chosen. When there
  /// is none, Http2 ends the handshake; the others go on without.
  enum class Protocols : std::uint8_t { Http1, Http2AndHttp1, Http2 };
  static Result<TlsServer> create(const Certificate& certificate,
                                  Protocols protocols = Protocols::Http1);
  /// With the certificate of one leaf, whatever name the client asks for. HTTP/2 and HTTP/1.1; a
  /// client that offers others alone is refused. Sessions are resumed on the same server only.
  static Result<TlsServer> of_leaf(const Leaf& leaf);
  /// Without a certificate: reads what name the client asks for, so that the right one can be
  /// chosen (Stream::read_server_name).
  static Result<TlsServer> undecided();
  TlsServer(TlsServer&&) noexcept;
  TlsServer& operator=(TlsServer&&) noexcept;
  ~TlsServer();
  struct State;
  [[nodiscard]] State& state() const { return *state_; }

 private:
  explicit TlsServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A P-256 certificate authority (ten years) and leaves signed by it (host names and IP addresses
/// as SANs, SKI/AKI, 90 days, start dated one day back for late clocks).
[[nodiscard]] Result<Certificate> make_authority(const std::string& common_name);
/// The same with the key that belongs to these 32 octets. `kept_pem` is what an earlier call
/// answered, or empty: it is answered again while it is of this key and good for another year, so
/// that a file given to clients stays the same.
[[nodiscard]] Result<Certificate> authority_of_seed(const std::string& common_name,
                                                    const Secret& seed,
                                                    const std::string& kept_pem);
[[nodiscard]] Result<Certificate> make_leaf(const Certificate& authority,
                                            const std::vector<std::string>& names);

/// Can a server use this one now? Invalid, with a sentence that says what is wrong, when there is
/// no certificate or no key (one behind a passphrase is none), they do not belong together, or
/// their time has not come or is over.
[[nodiscard]] Status check_server_certificate(const Certificate& certificate);
/// When the first certificate of a chain is over.
[[nodiscard]] Result<WallTime> end_of_certificate(const std::string& chain_pem);

}  // namespace strongroom::io
