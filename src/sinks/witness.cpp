// SPDX-License-Identifier: Apache-2.0
#include "sinks/witness.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/log.h"
#include "http/client.h"

namespace strongroom::sinks {
namespace {

constexpr std::chrono::seconds kAttempt{10};
constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{60};
constexpr std::size_t kMaxAnswer = 64UL << 10U;
/// Of a signature that is to be of now: clocks differ.
constexpr WallTime::duration kFreshest = std::chrono::minutes(5);
constexpr int kConflict = 409;
constexpr int kUnprocessable = 422;

/// A number and a line's end.
std::optional<std::uint64_t> size_in(std::string_view body) {
  if (!body.ends_with('\n')) return std::nullopt;
  body.remove_suffix(1);
  std::uint64_t size = 0;
  const auto read = std::from_chars(body.data(), body.data() + body.size(), size);
  const bool is_fine = read.ec == std::errc() && read.ptr == body.data() + body.size();
  return is_fine ? std::optional(size) : std::nullopt;
}

}  // namespace

Witness::Witness(io::Loop& loop, const audit::Log& record, WitnessSettings settings)
    : loop_(loop),
      record_(record),
      settings_(std::move(settings)),
      wake_(loop),
      seen_(record.witnessed_by(settings_.key)),
      cosigned_(seen_) {}

Status Witness::connect() {
  auto connection =
      Connection::to(loop_, settings_.place,
                     settings_.is_plain ? Connection::Security::Plain : Connection::Security::Tls);
  if (!connection) return std::unexpected(connection.error());
  connection_ = std::move(*connection);
  return {};
}

io::Task<void> Witness::run() {
  if (const Status connected = connect(); !connected) {
    error_ = connected.error();
    co_return;
  }
  for (;;) {
    co_await wake_.wait();
    const Status done = co_await ask();
    settle(done);
  }
}

/// Another size than is known here is told once; what comes after that is what it says.
io::Task<WitnessAnswer> Witness::prove() {
  constexpr int kAttempts = 3;
  Status done = connect();
  for (int i = 0; connection_ && i < kAttempts; ++i) {
    done = co_await ask();
    if (done || done.error().code != Code::Conflict) break;
  }
  co_return answer_of(done);
}

WitnessAnswer Witness::answer_of(const Status& done) const {
  const std::string says = "The witness '" + settings_.place.name + "': ";
  if (is_contradicted_)
    return {WitnessAnswer::Is::Against, told_, says + done.error().message + "."};
  if (!done) return {WitnessAnswer::Is::Missing, 0, says + done.error().message + "."};
  // What was signed long ago proves nothing: whoever is on the way may have kept it.
  const auto age = signed_at_ ? loop_.clock().wall() - *signed_at_ : kFreshest;
  if (age >= kFreshest || age <= -kFreshest)
    return {WitnessAnswer::Is::Missing, 0, says + "what it signed is not of now, by this clock."};
  return {WitnessAnswer::Is::Newest, seen_, {}};
}

/// At once, also where nothing has come since the last start: a record that was put back is to be
/// noticed before it grows.
void Witness::tick() {
  const SteadyTime now = loop_.clock().steady();
  const std::uint64_t size = record_.checkpoint_size();
  const bool was_behind = std::exchange(is_behind_, size > cosigned_);
  if (is_behind_ && !was_behind) uncosigned_since_ = now;
  const bool is_new = last_taken_ == WallTime{} && size > 0;
  if ((is_behind_ || is_new) && now >= next_ && connection_) wake_.set();
}

io::Task<Status> Witness::ask() {
  auto checkpoint = record_.checkpoint_since(seen_);
  if (!checkpoint && checkpoint.error().code == Code::Invalid) {
    is_contradicted_ = true;
    told_ = seen_;
    co_return fail(Code::Tampered, "it has signed a checkpoint of " + std::to_string(seen_) +
                                       " entries, and the record has fewer: it was put back");
  }
  if (!checkpoint) co_return std::unexpected(checkpoint.error());
  asked_ = std::move(*checkpoint);
  const Deadline deadline = loop_.deadline_in(kAttempt);
  const Status opened = co_await connection_->open(deadline);
  if (!opened) co_return opened;
  Status done = co_await ask_over(connection_->stream());
  const bool is_stale = !done && connection_->was_kept() && done.error().code == Code::Network;
  if (is_stale) {
    connection_->close();
    const Status again = co_await connection_->open(deadline);
    if (!again) co_return again;
    done = co_await ask_over(connection_->stream());
  }
  co_return done;
}

io::Task<Status> Witness::ask_over(io::Stream& stream) {
  const std::string request = request_for();
  const ByteView octets = bytes_of(request);
  const Status sent = co_await stream.write_all(octets);
  if (!sent) co_return sent;
  const auto answer = co_await http::receive_answer(stream, "POST", kMaxAnswer);
  if (!answer) {
    connection_->close();
    co_return std::unexpected(answer.error());
  }
  if (!answer->keeps_alive) connection_->close();
  co_return take(answer->status, answer->body);
}

std::string Witness::request_for() const {
  std::string body = "old " + std::to_string(seen_) + "\n";
  for (const auto& hash : asked_->proof) body += to_base64(hash) + "\n";
  body += "\n" + asked_->note;
  const Destination& to = settings_.place.destination;
  const std::string path = to.path.ends_with('/') ? to.path : to.path + "/";
  return "POST " + path + "add-checkpoint HTTP/1.1\r\nHost: " + host_header(to) +
         "\r\nUser-Agent: strongroom/" STRONGROOM_VERSION
         "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

Status Witness::take(int status, const std::string& body) {
  if (status == kConflict) return take_size(body);
  if (status == kUnprocessable) {
    is_contradicted_ = true;
    return fail(Code::Tampered,
                "it has seen another record of this name: this one has not grown from it");
  }
  if (status != 200) return fail(Code::Unavailable, "it answered " + std::to_string(status));
  const auto note = audit::with_cosignature(asked_->note, body, settings_.key);
  if (!note) return fail(Code::Protocol, "its answer holds no cosignature by its key");
  STRONGROOM_CHECKED(record_.keep_witnessed(settings_.place.name, *note));
  signed_at_ = audit::cosigned_at(*note, settings_.key);
  seen_ = cosigned_ = asked_->head.size;
  last_taken_ = loop_.clock().wall();
  is_contradicted_ = false;
  return {};
}

Status Witness::take_size(const std::string& body) {
  const auto size = size_in(body);
  if (!size) return fail(Code::Protocol, "it does not say how much it has seen");
  const bool is_more = *size > asked_->head.size;
  if (is_more) {
    is_contradicted_ = true;
    told_ = *size;
    return fail(Code::Tampered, "it has seen " + std::to_string(*size) +
                                    " entries, and the record has " +
                                    std::to_string(asked_->head.size) + ": it was put back");
  }
  if (*size == seen_) return fail(Code::Protocol, "it refuses the size that it has told");
  seen_ = *size;
  return fail(Code::Conflict, "it has seen another size");
}

void Witness::settle(const Status& done) {
  const SteadyTime now = loop_.clock().steady();
  // Once: then it is asked with the size that it told.
  if (!done && done.error().code == Code::Conflict) {
    next_ = now;
    return;
  }
  // The tree has grown over a tile while its proof was read.
  const bool is_ours = !done && done.error().code == Code::NotFound;
  if (done) {
    if (error_) log(LogLevel::Info, "witness_signs_again", {{"witness", settings_.place.name}});
    failures_ = 0;
    error_.reset();
    next_ = now + settings_.every;
    return;
  }
  if (is_ours) {
    next_ = now + kFirstPause;
    return;
  }
  if (!error_ || error_->message != done.error().message)
    log(is_contradicted_ ? LogLevel::Error : LogLevel::Warning,
        is_contradicted_ ? "witness_contradicts" : "witness_failing",
        {{"witness", settings_.place.name}, {"why", done.error().message}});
  error_ = done.error();
  connection_->close();
  failures_ = std::min(failures_ + 1, 10);
  next_ = now + std::min(kFirstPause * (1 << (failures_ - 1)), kLongestPause);
}

std::chrono::seconds Witness::behind() const {
  if (!is_behind_) return {};
  return std::chrono::duration_cast<std::chrono::seconds>(loop_.clock().steady() -
                                                          uncosigned_since_);
}

std::optional<Error> Witness::why_held() const {
  const Settings& place = settings_.place;
  if (!place.is_required) return std::nullopt;
  const bool is_late = is_behind_ && behind() >= settings_.every + place.patience;
  if (!is_late && !is_contradicted_) return std::nullopt;
  const std::string what =
      is_contradicted_ ? "contradicts the record"
                       : "has signed no checkpoint for " + std::to_string(behind().count()) + " s";
  return Error(Code::Unavailable,
               "the witness '" + place.name + "', which is required, " + what +
                   (error_ ? ": " + error_->message : std::string()),
               "record_unavailable");
}

View Witness::view() const {
  View out;
  out.name = settings_.place.name;
  out.kind = "witness";
  out.to = settings_.place.to;
  out.is_required = settings_.place.is_required;
  out.sent = cosigned_;
  const std::uint64_t written = record_.size();
  out.pending = written > out.sent ? written - out.sent : 0;
  out.behind = behind();
  out.last_taken = last_taken_;
  if (error_) out.error = error_->message;
  out.state = why_held()         ? "holding"
              : is_contradicted_ ? "contradicting"
              : error_           ? "failing"
              : is_behind_       ? "sending"
                                 : "current";
  return out;
}

}  // namespace strongroom::sinks
