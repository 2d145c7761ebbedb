// SPDX-License-Identifier: Apache-2.0
#include "scan/remote_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "scan/octets.h"

namespace strongroom::scan {
namespace {

constexpr std::size_t kSendAt = kLongestPiece;
/// A searcher that has been sent something answers, or takes more, within this.
constexpr int kPatienceMs = 300'000;
constexpr const char* kMasked = "[masked]";

Error gone() {
  return Error(Code::Unavailable, "the search ended before the scan did");
}

}  // namespace

RemoteSink::RemoteSink(int socket, const Limits& limits, Told told)
    : socket_(socket),
      limits_(limits),
      until_(std::chrono::steady_clock::now() + limits.time),
      told_(std::move(told)) {
  ::fcntl(socket_, F_SETFL, O_NONBLOCK);
  out_.reserve(2 * kSendAt);
}

RemoteSink::~RemoteSink() {
  ::close(socket_);
}

void RemoteSink::put(ByteView octets) {
  out_.insert(out_.end(), octets.begin(), octets.end());
}

Status RemoteSink::begin(Place place) {
  if (objects_ >= kMostObjects || std::chrono::steady_clock::now() >= until_)
    return fail(Code::TooLarge, "the scan's limits are reached");
  places_.push_back(std::move(place));
  return {};
}

Status RemoteSink::data(ByteView octets) {
  if (octets.size() > limits_.octets - octets_ || std::chrono::steady_clock::now() >= until_)
    return fail(Code::TooLarge, "the scan's limits are reached");
  octets_ += octets.size();
  while (!octets.empty()) {
    const auto piece = octets.first(std::min(octets.size(), kLongestPiece));
    octets = octets.subspan(piece.size());
    put(octets_of(PieceHead{objects_, static_cast<std::uint32_t>(piece.size())}));
    put(piece);
    if (out_.size() >= kSendAt) STRONGROOM_CHECKED(send());
  }
  return {};
}

Status RemoteSink::end() {
  put(octets_of(PieceHead{objects_, 0}));
  ++objects_;
  return out_.size() >= kSendAt ? send() : Status();
}

void RemoteSink::skip(std::string path, std::string why) {
  if (report_.skipped_count++ < Report::kMostTold)
    report_.skipped.push_back({std::move(path), std::move(why)});
}

Status RemoteSink::send() {
  ByteView rest = out_;
  while (!rest.empty()) {
    pollfd both{socket_, POLLIN | POLLOUT, 0};
    const int ready = ::poll(&both, 1, kPatienceMs);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::unexpected(gone());
    if ((both.revents & (POLLIN | POLLHUP | POLLERR)) != 0) STRONGROOM_CHECKED(take_answers());
    if ((both.revents & POLLOUT) == 0) continue;
    const ssize_t sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) rest = rest.subspan(static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return std::unexpected(gone());
  }
  out_.clear();
  told_(objects_, octets_);
  return {};
}

/// What is there now. An end before Done is an error.
Status RemoteSink::take_answers() {
  std::uint8_t room[sizeof(Answer) * 64];
  const ssize_t size = ::recv(socket_, room, sizeof(room), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? Status() : std::unexpected(gone());
  if (size == 0) return std::unexpected(gone());
  in_.insert(in_.end(), room, room + size);
  std::size_t at = 0;
  for (; in_.size() - at >= sizeof(Answer); at += sizeof(Answer)) {
    Answer answer;
    std::memcpy(&answer, in_.data() + at, sizeof(answer));
    take(answer);
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(at));
  return {};
}

void RemoteSink::take(const Answer& answer) {
  switch (answer.what) {
    case Answer::What::NotSought:
      report_.not_sought.emplace_back(answer.key);
      return;
    case Answer::What::Begun:
      report_.values = answer.count;
      return;
    case Answer::What::Hit: {
      const std::size_t index = answer.object - first_;
      if (answer.object < first_ || index >= places_.size()) return;
      if (report_.found_count++ < Report::kMostTold)
        report_.found.push_back({places_[index], KeyId(answer.key), answer.count, answer.at});
      return;
    }
    case Answer::What::Through:
      while (first_ <= answer.object && !places_.empty()) {
        places_.pop_front();
        ++first_;
      }
      return;
    case Answer::What::Done:
      is_done_ = answer.object == objects_ && answer.count == octets_;
      return;
  }
}

/// A value that is part of a name would be told with every place below it.
void RemoteSink::mask_names() {
  std::vector<Place> names;
  for (const auto& each : report_.found)
    if (each.place.name_begins != std::string::npos) names.push_back(each.place);
  std::ranges::sort(names, [](const Place& one, const Place& other) {
    return one.path.size() > other.path.size();
  });
  const auto mask = [&names](std::string& path) {
    for (const Place& name : names) {
      const bool is_below = path.starts_with(name.path) &&
                            (path.size() == name.path.size() || path[name.path.size()] == '/' ||
                             path[name.path.size()] == '!');
      if (is_below) path.replace(name.name_begins, name.path.size() - name.name_begins, kMasked);
    }
  };
  for (auto& each : report_.found) mask(each.place.path);
  for (auto& each : report_.skipped) mask(each.path);
}

Result<Report> RemoteSink::finish() {
  STRONGROOM_CHECKED(send());
  ::shutdown(socket_, SHUT_WR);
  while (!is_done_) {
    pollfd one{socket_, POLLIN, 0};
    if (::poll(&one, 1, kPatienceMs) == 0) return std::unexpected(gone());
    STRONGROOM_CHECKED(take_answers());
  }
  report_.objects = objects_;
  report_.octets = octets_;
  mask_names();
  return std::move(report_);
}

}  // namespace strongroom::scan
