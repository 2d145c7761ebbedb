// Asking a provider whether it accepts a key, by the catalogue's check. Only the gateway puts a key
// on the wire. SPDX-License-Identifier: Apache-2.0
#include <expected>

#include "gateway/gateway.h"
#include "gateway/upstream/failure.h"
#include "gateway/upstream/upstream_head.h"
#include "gateway/verdict.h"
#include "http/body.h"

namespace strongroom::gateway {
namespace {

constexpr std::chrono::seconds kCheckTime{20};

lease::CheckDone unknown(std::string message) {
  lease::CheckDone done;
  done.verdict = lease::Verdict::Unknown;
  done.message = std::move(message);
  return done;
}

std::optional<Refusal> build_check(const catalog::Service& service, const Authority& authority,
                                   const lease::GrantedLease& lease, HeadBuffer& out) {
  const auto& check = service.check;
  out.clear();
  out.add(check.method).add(" ").add(check.path);
  add_key_parameter(service, check.path.contains('?') ? "&" : "?", lease.value, out);
  out.add(" HTTP/1.1\r\n").add_header("host", authority.host_header());
  for (const auto& [name, value] : check.headers) out.add_header(name, value);
  out.add("accept: */*\r\naccept-encoding: identity\r\nconnection: close\r\n");
  if (check.method == "POST") out.add("content-length: 0\r\n");
  if (const auto refused = add_key_header(service, lease.settings, lease.value, out))
    return refused;
  out.add("\r\n");
  return out.has_overflowed() ? std::optional(Refusal::HeadTooLarge) : std::nullopt;
}

std::string_view meaning_of(lease::Verdict verdict) {
  switch (verdict) {
    case lease::Verdict::Accepted:
      return "the provider accepts the key";
    case lease::Verdict::Rejected:
      return "the provider refuses the key";
    case lease::Verdict::Unknown:
      return "the provider's answer does not tell";
  }
  return "";
}

std::string meaning_of(UpstreamFailure failure) {
  return failure == UpstreamFailure::MalformedAnswer ? "the provider's answer is malformed"
                                                     : "the provider ended the connection";
}

/// Takes what has come of the body out of its framing. False: it is malformed.
bool follow(http::BodyFollower& body, std::string_view& arrived, std::string& content) {
  while (!arrived.empty() && !body.is_done()) {
    const auto step = body.feed(arrived);
    if (step.state == http::ParseState::Bad) return false;
    content.append(step.content);
    arrived.remove_prefix(step.consumed);
  }
  return true;
}

/// Reads the head and the start of the body.
io::Task<std::expected<lease::CheckDone, UpstreamFailure>> read_answer(Upstream& upstream,
                                                                       const catalog::Check& check,
                                                                       Workspace& work) {
  std::size_t have = 0;
  std::size_t scanned = 0;
  std::size_t taken = 0;  // 0: the head is not whole
  http::BodyFollower body;
  std::string content;
  for (;;) {
    const auto got = co_await upstream.stream.read_some(MutableBytes(work.answer).subspan(have));
    const bool is_over = !got || *got == 0;
    have += is_over ? 0 : *got;
    const std::string_view text(reinterpret_cast<const char*>(work.answer.data()), have);
    if (taken == 0) {
      const auto outcome = http::parse_response(text, check.method, work.response, scanned);
      if (outcome.state == http::ParseState::Bad)
        co_return std::unexpected(UpstreamFailure::MalformedAnswer);
      if (outcome.state == http::ParseState::Complete) {
        taken = outcome.consumed;
        body.start(upstream.framing_of(work.response.body),
                   http::BodyFollower::Credentials::LeftOut);
      }
    }
    if (taken == 0 && is_over)
      co_return std::unexpected(got ? UpstreamFailure::Ended : failure_of_stream(got.error()));
    if (taken > 0) {
      std::string_view arrived = text.substr(taken);
      if (!follow(body, arrived, content))
        co_return std::unexpected(UpstreamFailure::MalformedAnswer);
      taken = have - arrived.size();
    }
    const bool has_enough = taken > 0 && (body.is_done() || content.size() >= catalog::kLookedAt);
    if (!is_over && !has_enough && have < work.answer.size()) continue;
    lease::CheckDone done;
    done.status = static_cast<std::uint16_t>(work.response.status);
    done.verdict = to_lease(catalog::verdict_of_check(check, work.response.status, content));
    done.message = meaning_of(done.verdict);
    co_return done;
  }
}

}  // namespace

io::Task<lease::CheckDone> Gateway::check_key(LeaseId id) {
  const lease::Lease* lease = link_.holder().find(id);
  const auto* service = lease == nullptr ? nullptr : destinations_.find(lease->granted().service);
  if (service == nullptr || service->check.method.empty())
    co_return unknown("this service has no check");
  const auto authority = destinations_.authority_for_check(*service, lease->granted().settings);
  if (!authority) co_return unknown("this service has no host to ask");
  // Not what a revoke has ended.
  const auto tell_of = [&](UpstreamFailure why) {
    if (link_.holder().find(id) != nullptr)
      log_failure({{}, service->id, std::string(name_of(why)), std::string(authority->text()), {}});
  };
  auto upstream = co_await pool_.dial(*authority, ProtocolWish::Http1First, id);
  if (!upstream) {
    if (const auto why = failure_of_dial(upstream.error())) tell_of(*why);
    co_return unknown("the provider cannot be reached: " + upstream.error().message);
  }
  // The key may have been revoked meanwhile; from here on a revoke ends the connection.
  lease::Lease* held = link_.holder().find(id);
  if (held == nullptr || !(*upstream)->bind(*held) || !(*upstream)->attach(*held) ||
      !(*upstream)->is_usable(loop_.clock().steady()))
    co_return unknown("the key may not be used any more");
  auto work = workspaces.take();
  const auto refused = build_check(*service, *authority, held->granted(), work->out);
  if (refused) co_return unknown("the stored value cannot travel in a request");
  (*upstream)->stream.set_deadline(loop_.deadline_in(kCheckTime));
  const auto sent = co_await (*upstream)->stream.write_all(work->out.bytes());
  work->out.wipe_key();
  if (!sent) {
    tell_of(failure_of_stream(sent.error()));
    co_return unknown("the provider ended the connection");
  }
  auto done = co_await read_answer(**upstream, service->check, *work);
  workspaces.give(std::move(work));
  if (done) co_return std::move(*done);
  tell_of(done.error());
  co_return unknown(meaning_of(done.error()));
}

}  // namespace strongroom::gateway
