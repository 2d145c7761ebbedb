// SPDX-License-Identifier: Apache-2.0
#include "app/output_watch.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "app/output.h"

namespace strongroom::app {
namespace {

/// As often as the server looks for idle sessions.
constexpr std::chrono::seconds kActivityTime{1};

}  // namespace

Result<std::unique_ptr<OutputWatch>> OutputWatch::over(io::Loop& loop, workroom::Streams& streams,
                                                       lease::HolderLink& link, SessionId session) {
  std::unique_ptr<OutputWatch> out(new OutputWatch(loop, link, session));
  STRONGROOM_TRY(out->net_, workroom::OutputNet::make(loop, streams));
  return out;
}

Result<std::unique_ptr<OutputWatch>> OutputWatch::over_terminal(io::Loop& loop, int terminal,
                                                                int file, lease::HolderLink& link,
                                                                SessionId session) {
  std::unique_ptr<OutputWatch> out(new OutputWatch(loop, link, session));
  STRONGROOM_TRY(out->net_, workroom::OutputNet::of_terminal(loop, terminal, file));
  return out;
}

Status OutputWatch::begin(const std::shared_ptr<const guard::Patterns>& values) {
  ticker_ = loop_.every(kActivityTime, [this] { tell_activity(); });
  return net_->begin(values, [this](const std::string& stream) { note(stream, 1); });
}

io::Task<void> OutputWatch::finish(Deadline deadline) {
  net_->let_go();
  co_await net_->drained(deadline);
  ticker_.reset();
}

int OutputWatch::tell() {
  int status = 0;
  for (const auto& caught : net_->caught())
    if (const int failed = tell_of(caught); failed != 0) status = failed;
  return status;
}

int OutputWatch::tell_of(const workroom::OutputNet::Catch& caught) {
  // The first has been told already.
  if (caught.hits > 1) note(caught.stream, caught.hits);
  if (caught.hits > 0)
    std::fprintf(stderr, "strongroom: masked %zu of this session's key values in %s\n", caught.hits,
                 caught.stream.c_str());
  // A reader that left is the command's own matter, as with any pipe.
  if (caught.problem == 0 || caught.problem == EPIPE) return 0;
  return report(Error(Code::Storage, caught.stream + " of the command cannot be written: " +
                                         std::strerror(caught.problem)));
}

void OutputWatch::tell_activity() {
  const std::uint64_t written = net_->written();
  if (written == told_ || !link_.is_connected()) return;
  told_ = written;
  link_.session_active(session_);
}

void OutputWatch::note(const std::string& stream, std::size_t count) {
  lease::Finding finding;
  finding.session = session_;
  finding.what = "value_in_output";
  finding.path = stream + ", " + std::to_string(count) + (count == 1 ? " time" : " times");
  if (link_.is_connected()) link_.report(finding);
}

}  // namespace strongroom::app
