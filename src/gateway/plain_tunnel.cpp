// Tunnels that are not looked into, for services whose credential is in the workroom itself.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/connection.h"

namespace strongroom::gateway {

io::Task<Connection::Next> Connection::tunnel(lease::Lease& proxy, Authority authority) {
  if (!attach(proxy)) co_return co_await refuse(Refusal::SessionEnded);
  x_.authority = authority;
  if (!enter_tenant()) {
    const auto refused = co_await wait_for_turn();
    if (refused) co_return co_await refuse(*refused);
  }
  x_.sequence = gateway_.link().intend(*lease(), authority.host(), "CONNECT", {});
  auto dialled = co_await gateway_.pool().dial_plain(authority);
  if (!dialled) co_return co_await refuse(failed_dial(dialled.error()));
  upstream_ = std::move(*dialled);
  if (const auto refused = co_await wait_until_recorded()) co_return co_await refuse(*refused);
  if (x_.cut_by) co_return co_await refuse(*x_.cut_by);
  x_.answer_started = true;
  x_.status = 200;
  gateway_.workspaces.give(std::move(work_));
  const auto said = co_await client_.write_all(bytes_of(kEstablished));
  if (said) co_await pump(upstream_->stream);
  settle();
  upstream_.reset();
  co_return Next::Close;
}

/// Both ways, unread, until both have ended.
io::Task<void> Connection::pump(io::Stream& other) {
  upload_done_ = std::make_unique<io::Event>(gateway_.loop());
  gateway_.loop().spawn(pump_up(other));
  co_await pump_down(other);
  co_await upload_done_->wait();
}

/// Most of it is encrypted; what is not is searched for passes. Nothing is held back: it may be
/// what the other end waits for.
io::Task<void> Connection::pump_up(io::Stream& to) {
  std::unique_ptr<RelayBlock> block;
  guard::Guard guard(pass_patterns());
  for (;;) {
    client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto got = co_await read_when_ready(client_, block);
    // Broken off, not ended: nobody will read what the other end still says. What went there may
    // arrive.
    if (!got) {
      client_.abort();
      to.set_deadline(gateway_.loop().deadline_in(kLinger));
    }
    if (!got || *got == 0) break;
    (void)guard.feed(MutableBytes(*block).first(*got));
    if (guard.hits() > 0) {
      report_finding(describe(Refusal::PassMisplaced).code);
      to.abort();
      break;
    }
    // Whichever way octets go, the tunnel is not silent.
    to.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto sent = co_await to.write_all(ByteView(*block).first(*got));
    if (!sent) break;
    x_.bytes_up += *got;
  }
  gateway_.blocks.give(std::move(block));
  if (to.is_open()) (void)co_await to.finish_writing();
  upload_done_->set();
}

io::Task<void> Connection::pump_down(io::Stream& from) {
  std::unique_ptr<RelayBlock> block;
  bool is_whole = false;
  for (;;) {
    from.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto got = co_await read_when_ready(from, block);
    is_whole = got && *got == 0;
    if (!got || *got == 0) break;
    client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto sent = co_await client_.write_all(ByteView(*block).first(*got));
    if (!sent) break;
    x_.bytes_down += *got;
  }
  gateway_.blocks.give(std::move(block));
  // The other direction may have more to say only where this one ended in order.
  if (is_whole && client_.is_open()) {
    (void)co_await client_.finish_writing();
  } else {
    client_.abort();
    from.abort();
  }
}

}  // namespace strongroom::gateway
