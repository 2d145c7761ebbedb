// SPDX-License-Identifier: Apache-2.0
#include "sinks/connection.h"

#include "io/net.h"

namespace strongroom::sinks {

Result<Connection> Connection::to(io::Loop& loop, const Settings& settings, Security security) {
  Connection out(loop, settings.destination);
  if (security == Security::Plain) return out;
  STRONGROOM_TRY(out.tls_, io::TlsClient::create(settings.ca_pem));
  return out;
}

io::Task<Status> Connection::open(Deadline deadline) {
  was_kept_ = stream_ && stream_->is_open() && !stream_->is_stale();
  if (was_kept_) {
    stream_->set_deadline(deadline);
    co_return Status();
  }
  stream_.reset();
  // The operator names the place: it may well be inside.
  auto dialled = co_await io::dial_tcp(*loop_, host_, port_, io::PrivateAddresses::Allow, deadline);
  if (!dialled) co_return std::unexpected(dialled.error());
  dialled->set_deadline(deadline);
  if (tls_) {
    const Status secured =
        co_await dialled->start_tls_client(*tls_, host_, io::ProtocolOffer::Http1);
    if (!secured) co_return secured;
  }
  stream_ = std::move(*dialled);
  co_return Status();
}

}  // namespace strongroom::sinks
