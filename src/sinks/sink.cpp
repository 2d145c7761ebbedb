// SPDX-License-Identifier: Apache-2.0
#include "sinks/sink.h"

#include <algorithm>

#include "base/log.h"

namespace strongroom::sinks {
namespace {

constexpr audit::TailLimits kBatch{500, 256UL << 10U};
constexpr std::chrono::seconds kAttempt{10};
/// After a batch, so that the next is of more than what came meanwhile: each costs a synchronised
/// write of the cursor.
constexpr std::chrono::milliseconds kCompany{50};
constexpr std::chrono::milliseconds kFirstPause{250};
constexpr std::chrono::milliseconds kLongestPause{15'000};
/// What holds up uses is tried more often.
constexpr std::chrono::milliseconds kLongestRequiredPause{2'000};

}  // namespace

Sink::Sink(Parts parts, Settings settings)
    : parts_(std::move(parts)),
      settings_(std::move(settings)),
      file_(parts_.cursor_file),
      wake_(parts_.loop) {}

Status Sink::begin() {
  STRONGROOM_TRY(transport_, make_transport(parts_.loop, settings_, parts_.origin));
  STRONGROOM_TRY(const auto kept, file_.load());
  if (kept) cursor_ = *kept;
  return {};
}

/// What was under way when the server ended is one batch again.
Status Sink::read_batch() {
  audit::TailLimits limits = kBatch;
  const bool is_again = cursor_.sending > cursor_.sent.entries;
  if (is_again)
    limits = {static_cast<std::size_t>(cursor_.sending - cursor_.sent.entries), SIZE_MAX};
  Batch batch;
  batch.first = cursor_.sent.entries;
  STRONGROOM_TRY(after_batch_,
                 parts_.record.read_on(
                     cursor_.sent, limits, [&](std::uint64_t index, const audit::Entry& entry) {
                       batch.messages.push_back(transport_->message(index, entry));
                     }));
  if (batch.messages.empty()) return {};
  if (!is_again) {
    cursor_.sending = after_batch_.entries;
    STRONGROOM_CHECKED(file_.save(cursor_, CursorFile::Reach::SurvivesKill));
  }
  batch_ = std::move(batch);
  return {};
}

io::Task<void> Sink::run() {
  if (const Status begun = begin(); !begun) {
    is_stopped_ = true;
    note(begun);
    co_return;
  }
  for (;;) {
    Status done;
    if (!batch_) done = read_batch();
    if (done && !batch_) {
      co_await wake_.wait();
      continue;
    }
    if (done) {
      const Deadline deadline = parts_.loop.deadline_in(kAttempt);
      done = co_await transport_->deliver(*batch_, deadline);
      settle(done);
    }
    note(done);
    const std::chrono::milliseconds for_a_while = done ? kCompany : pause();
    co_await parts_.loop.sleep(for_a_while);
  }
}

void Sink::settle(const Status& delivered) {
  if (!delivered) return;
  cursor_.sent = after_batch_;
  last_taken_ = parts_.loop.clock().wall();
  batch_.reset();
  // Where this fails, the next start sends that batch again.
  if (const auto saved = file_.save(cursor_, CursorFile::Reach::SurvivesPowerLoss); !saved)
    log(LogLevel::Warning, "sink_cursor_not_saved",
        {{"sink", settings_.name}, {"why", saved.error().message}});
}

void Sink::note(const Status& done) {
  if (!done && failures_++ == 0)
    log(LogLevel::Warning, "sink_failing",
        {{"sink", settings_.name}, {"why", done.error().message}});
  if (done && failures_ > 0) {
    log(LogLevel::Info, "sink_recovered", {{"sink", settings_.name}});
    failures_ = 0;
  }
  error_ = done ? std::nullopt : std::optional(done.error());
  tick();
}

std::chrono::milliseconds Sink::pause() const {
  const auto longest = settings_.is_required ? kLongestRequiredPause : kLongestPause;
  const auto doubled = kFirstPause * (1 << std::min(failures_ - 1, 10));
  return std::max<std::chrono::milliseconds>(std::min(doubled, longest), transport_->asked_pause());
}

void Sink::tick() {
  const std::uint64_t written = parts_.record.size();
  if (mark_ && cursor_.sent.entries >= mark_->entries) mark_.reset();
  if (cursor_.sent.entries >= written) return;
  if (!mark_) mark_ = Mark{written, parts_.loop.clock().steady()};
  wake_.set();
}

std::chrono::seconds Sink::behind() const {
  if (!mark_) return {};
  return std::chrono::duration_cast<std::chrono::seconds>(parts_.loop.clock().steady() - mark_->at);
}

std::optional<Error> Sink::why_held() const {
  if (!settings_.is_required || !mark_ || behind() < settings_.patience) return std::nullopt;
  return Error(Code::Unavailable,
               "the audit sink '" + settings_.name + "', which is required, has not taken the " +
                   "record for " + std::to_string(behind().count()) + " s" +
                   (error_ ? ": " + error_->message : std::string()),
               "record_unavailable");
}

View Sink::view() const {
  View out;
  out.name = settings_.name;
  out.to = settings_.to;
  out.is_required = settings_.is_required;
  out.sent = cursor_.sent.entries;
  const std::uint64_t written = parts_.record.size();
  out.pending = written > out.sent ? written - out.sent : 0;
  out.behind = behind();
  out.last_taken = last_taken_;
  if (error_) out.error = error_->message;
  out.state = is_stopped_        ? "stopped"
              : why_held()       ? "holding"
              : error_           ? "failing"
              : out.pending == 0 ? "current"
                                 : "sending";
  return out;
}

}  // namespace strongroom::sinks
