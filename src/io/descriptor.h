// Descriptor: one non-blocking file descriptor as the loop sees it. Registered once,
// edge-triggered; remembers what may be done, so that the kernel is asked only when the answer can
// be good.
//
// Used by: io's own files. Threads: the loop's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <cstdint>
#include <functional>

#include "base/result.h"

namespace strongroom::io {

class Loop;

class Descriptor {
 public:
  explicit Descriptor(Loop& loop) noexcept : loop_(loop) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  /// Takes over `fd` (non-blocking), also when it fails.
  [[nodiscard]] Status open(int fd);
  /// Opens it as one end of a MemoryPair, which tells it of news in the kernel's place.
  void open_joined() noexcept;
  enum class News : std::uint8_t { Readable, Writable, Ended, Gone };
  void tell(News news);
  /// Waiting coroutines go on and find it closed.
  void close() noexcept;
  /// The descriptor, no longer watched; the caller's from now on. Negative: there is none.
  [[nodiscard]] int release() noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return is_open_; }
  [[nodiscard]] Loop& loop() const noexcept { return loop_; }

  /// A read may bring something: try it.
  [[nodiscard]] bool may_read() const noexcept { return may_read_; }
  [[nodiscard]] bool may_write() const noexcept { return may_write_; }
  /// A read would have blocked, or came back short: nothing to be had until the kernel says so.
  /// After the peer's end there is always that to be read.
  void drained() noexcept { may_read_ = has_ended_; }
  void filled() noexcept { may_write_ = false; }
  /// Something that was not noticed may have come.
  void look_again() noexcept { may_read_ = true; }

  enum class Direction : std::uint8_t { Read, Write };
  class Wait {
   public:
    Wait(Descriptor& descriptor, Direction direction) noexcept
        : descriptor_(descriptor), direction_(direction) {}
    ~Wait();
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    [[nodiscard]] bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> waiting) noexcept;
    void await_resume() const noexcept {}

   private:
    friend class Descriptor;
    Descriptor& descriptor_;
    Direction direction_;
    std::coroutine_handle<> waiting_;  ///< null: it is in no list
    Wait* next_ = nullptr;
  };
  /// Until may_read(), or closed. Several may wait for the same: a read of TLS has to write now and
  /// then, and the peer decides when.
  [[nodiscard]] Wait readable() noexcept { return {*this, Direction::Read}; }
  [[nodiscard]] Wait writable() noexcept { return {*this, Direction::Write}; }

  /// Calls once when the kernel next says readable, beside reads that wait. Replaces an earlier
  /// one.
  void call_when_readable(std::function<void()> call) { on_readable_ = std::move(call); }

 private:
  friend class Loop;
  void on_event(std::uint32_t events);
  [[nodiscard]] Wait*& waits_for(Direction direction) noexcept {
    return direction == Direction::Read ? readers_ : writers_;
  }
  void resume_all(Direction direction) noexcept;

  Loop& loop_;
  int fd_ = -1;
  bool is_open_ = false;
  bool may_read_ = true;
  bool may_write_ = true;
  bool has_ended_ = false;
  Wait* readers_ = nullptr;
  Wait* writers_ = nullptr;
  std::function<void()> on_readable_;
};

}  // namespace strongroom::io
