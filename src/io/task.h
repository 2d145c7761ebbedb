// Task: the coroutine type of the house: lazy, awaited once, resumed by its loop.
//
// House rules: a statement with co_await names one call and builds no object in it; no Secret lives
// in a coroutine frame across a co_await; parameters are views, scalars, ids, moved-in owners, or
// references that outlive the connection. Threads: a coroutine stays on its loop's thread.
// Frames come from a free list of the thread, so that the steady state allocates nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace strongroom::io {

/// Memory for coroutine frames: per thread, by size, kept for the next (at most 4 KiB each).
[[nodiscard]] void* take_frame(std::size_t size);
/// False under sanitizers, which must see each frame's own end: then each costs an allocation.
[[nodiscard]] bool keeps_frames() noexcept;
void give_frame(void* frame, std::size_t size) noexcept;

namespace detail {

struct Promise {
  std::coroutine_handle<> continuation;
  std::exception_ptr thrown;

  static void* operator new(std::size_t size) { return take_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { give_frame(frame, size); }

  struct Final {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class P>
    [[nodiscard]] std::coroutine_handle<> await_suspend(
        std::coroutine_handle<P> ended) const noexcept {
      return ended.promise().continuation;
    }
    void await_resume() const noexcept {}
  };
  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
};

template <class T>
struct ValuePromise : Promise {
  std::optional<T> value;
  template <class U = T>
  void return_value(U&& answer) {
    value.emplace(std::forward<U>(answer));
  }
  [[nodiscard]] T take() {
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*value);
  }
};

template <>
struct ValuePromise<void> : Promise {
  void return_void() const noexcept {}
  void take() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

}  // namespace detail

/// Begins when it is awaited; `co_await std::move(task)` for one that has a name.
template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::ValuePromise<T> {
    [[nodiscard]] Task get_return_object() noexcept {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    std::coroutine_handle<promise_type> handle;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    [[nodiscard]] std::coroutine_handle<> await_suspend(
        std::coroutine_handle<> waiting) const noexcept {
      handle.promise().continuation = waiting;
      return handle;
    }
    T await_resume() const { return handle.promise().take(); }
  };
  [[nodiscard]] Awaiter operator co_await() && noexcept { return {handle_}; }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace strongroom::io
