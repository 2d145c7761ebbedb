// SPDX-License-Identifier: Apache-2.0
#include "issuer/https_api.h"

#include "io/net.h"
#include "issuer/work.h"

namespace strongroom::issuer {
namespace {

constexpr std::size_t kLongestAnswer = 16_MiB;

}  // namespace

Result<Api> Api::create(io::Loop& loop, std::string_view authority, const std::string& dial,
                        const std::string& trusted_pem) {
  STRONGROOM_TRY(auto at, io::parse_endpoint(authority));
  STRONGROOM_TRY(auto tls, io::TlsClient::create(trusted_pem));
  return Api(loop, {std::move(at.host), at.port, dial}, std::move(tls));
}

io::Task<Status> Api::connect() {
  stream_.reset();
  const Deadline limit = loop_->deadline_in(std::chrono::seconds(kConnectSeconds));
  io::Endpoint to{place_.host, place_.port};
  auto policy = io::PrivateAddresses::Refuse;
  if (!place_.dial.empty()) {
    auto other = io::parse_endpoint(place_.dial);
    if (!other) co_return std::unexpected(std::move(other).error());
    to = std::move(*other);
    policy = io::PrivateAddresses::Allow;
  }
  auto dialled = co_await io::dial_tcp(*loop_, std::move(to.host), to.port, policy, limit);
  if (!dialled) co_return std::unexpected(std::move(dialled).error());
  dialled->set_deadline(limit);
  std::string name = place_.host;
  const auto offer = io::ProtocolOffer::Http1;
  const Status secured = co_await dialled->start_tls_client(tls_, std::move(name), offer);
  if (secured) stream_ = std::move(*dialled);
  co_return secured;
}

io::Task<Result<http::ClientResponse>> Api::call(http::ClientRequest request) {
  request.host = place_.host;
  if (!stream_ || stream_->is_stale()) {
    const Status connected = co_await connect();
    if (!connected) co_return std::unexpected(connected.error());
  }
  stream_->set_deadline(loop_->deadline_in(std::chrono::seconds(kStatementSeconds)));
  auto answer = co_await http::fetch(*stream_, request, kLongestAnswer);
  if (!answer || !answer->keeps_alive) stream_.reset();
  co_return answer;
}

}  // namespace strongroom::issuer
