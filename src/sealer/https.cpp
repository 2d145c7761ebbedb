// SPDX-License-Identifier: Apache-2.0
#include "sealer/https.h"

#include <chrono>
#include <optional>

#include "io/loop.h"
#include "io/net.h"
#include "io/stream.h"
#include "io/tls/tls.h"
#include "sealer/work.h"

namespace strongroom::sealer {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::uint16_t kUsualPort = 443;
constexpr std::size_t kLongestAnswer = 64UL << 10U;
/// The whole job is given 10 s by whoever waits for it.
constexpr std::chrono::seconds kWithin{4};

struct Asking {
  io::Loop& loop;
  const HttpsPlace& place;
  const io::TlsClient& tls;
  http::ClientRequest request;
  std::optional<Result<http::ClientResponse>> answer;
};

std::unexpected<Error> no_answer(const HttpsPlace& place, std::string_view why) {
  return unreachable(place.authority + " " + std::string(why));
}

io::Task<Result<http::ClientResponse>> exchange(Asking& asking) {
  const Deadline limit = asking.loop.deadline_in(kWithin);
  std::string host = asking.place.host;
  auto stream = co_await io::dial_tcp(asking.loop, std::move(host), asking.place.port,
                                      io::PrivateAddresses::Allow, limit);
  if (!stream) co_return no_answer(asking.place, "cannot be reached.");
  stream->set_deadline(limit);
  std::string name = asking.place.host;
  const auto offer = io::ProtocolOffer::Http1;
  const Status secured = co_await stream->start_tls_client(asking.tls, std::move(name), offer);
  if (!secured)
    co_return no_answer(asking.place,
                        "could not show a certificate that is trusted for its name: name its "
                        "authority by 'ca'.");
  auto answer = co_await http::fetch(*stream, asking.request, kLongestAnswer);
  if (!answer) co_return no_answer(asking.place, "gave no whole answer in time.");
  co_return answer;
}

io::Task<void> run(Asking& asking) {
  auto answer = co_await exchange(asking);
  asking.answer.emplace(std::move(answer));
  asking.loop.stop();
}

}  // namespace

Result<HttpsPlace> parse_https(const std::string& url) {
  const auto wrong = [&] {
    return refused("'url' of the seal is https://HOST or https://HOST:PORT, without a path.");
  };
  if (!url.starts_with(kScheme)) return wrong();
  std::string rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.pop_back();
  const bool has_port = io::parse_endpoint(rest).has_value();
  const auto endpoint =
      io::parse_endpoint(has_port ? rest : rest + ":" + std::to_string(kUsualPort));
  if (!endpoint || rest.find('/') != std::string::npos || rest.find('@') != std::string::npos)
    return wrong();
  const std::string host =
      endpoint->port == kUsualPort && has_port ? rest.substr(0, rest.rfind(':')) : rest;
  return HttpsPlace{endpoint->host, endpoint->port, host};
}

Result<http::ClientResponse> ask(const HttpsPlace& place, const std::string& trusted_pem,
                                 http::ClientRequest request) {
  const auto tls = io::TlsClient::create(trusted_pem);
  if (!tls) return refused("The certificates of 'ca' cannot be used.");
  const SystemClock clock;
  io::Loop loop(clock);
  request.host = place.authority;
  Asking asking{loop, place, *tls, std::move(request), std::nullopt};
  loop.spawn(run(asking));
  loop.run();
  if (!asking.answer) return unreachable(place.authority + " was not asked.");
  return std::move(*asking.answer);
}

}  // namespace strongroom::sealer
