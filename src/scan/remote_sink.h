// RemoteSink: hands everything to a searcher over its socket and keeps what that answers.
//
// Used by: `strongroom scan`. Threads: one. Holds no value. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <vector>

#include "base/id.h"
#include "scan/sink.h"
#include "scan/wire.h"

namespace strongroom::scan {

struct Limits {
  std::uint64_t octets = std::uint64_t{64} << 30U;
  std::chrono::seconds time{3600};
};

struct Found {
  Place place;
  KeyId key;
  std::uint64_t count = 0;
  std::uint64_t first = 0;
};

struct Skipped {
  std::string path;
  std::string why;
};

/// What a whole scan came to.
struct Report {
  std::vector<Found> found;
  std::vector<Skipped> skipped;  ///< the first kMostTold of them
  std::uint64_t found_count = 0;
  std::uint64_t skipped_count = 0;
  std::uint64_t objects = 0;
  std::uint64_t octets = 0;
  std::uint64_t values = 0;       ///< that were looked for
  std::vector<KeyId> not_sought;  ///< too short to be told from ordinary text
  static constexpr std::size_t kMostTold = 10'000;
  [[nodiscard]] bool is_whole() const { return skipped_count == 0; }
};

class RemoteSink final : public Sink {
 public:
  /// How many objects and octets were sent so far.
  using Told = std::function<void(std::uint64_t objects, std::uint64_t octets)>;

  /// Takes over a socket whose other end a searcher has. `told` is called now and then.
  RemoteSink(int socket, const Limits& limits, Told told);
  ~RemoteSink() override;

  Status begin(Place place) override;
  Status data(ByteView octets) override;
  Status end() override;
  void skip(std::string path, std::string why) override;

  /// No more comes: waits for what the searcher still has to say. Names that hold a value are
  /// masked in what is reported.
  [[nodiscard]] Result<Report> finish();

 private:
  void put(ByteView octets);
  /// Sends what is gathered, and takes the answers that come meanwhile.
  [[nodiscard]] Status send();
  [[nodiscard]] Status take_answers();
  void take(const Answer& answer);
  void mask_names();

  int socket_;
  Limits limits_;
  std::chrono::steady_clock::time_point until_;
  ByteVector out_;
  ByteVector in_;
  std::deque<Place> places_;  ///< of objects of which no answer can be excluded yet
  std::uint32_t first_ = 0;   ///< the object of places_.front()
  std::uint32_t objects_ = 0;
  std::uint64_t octets_ = 0;
  bool is_done_ = false;
  Told told_;
  Report report_;
};

}  // namespace strongroom::scan
