// RootTask: a coroutine that nobody awaits. It frees itself at its end; a loop that ends first
// destroys it where it waits. For io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>

#include "base/check.h"
#include "io/loop.h"
#include "io/task.h"

namespace strongroom::io {

/// A link of the loop's list of such coroutines.
struct RootLink {
  RootLink* previous = nullptr;
  RootLink* next = nullptr;

  void add(RootLink& link) noexcept {
    link.previous = this;
    link.next = next;
    if (next != nullptr) next->previous = &link;
    next = &link;
  }
  void unlink() noexcept {
    if (previous != nullptr) previous->next = next;
    if (next != nullptr) next->previous = previous;
    previous = next = nullptr;
  }
};

struct RootTask {
  struct promise_type : RootLink {
    ~promise_type() { unlink(); }
    static void* operator new(std::size_t size) { return take_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { give_frame(frame, size); }
    [[nodiscard]] RootTask get_return_object() noexcept {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    [[nodiscard]] static std::suspend_always initial_suspend() noexcept { return {}; }
    [[nodiscard]] static std::suspend_never final_suspend() noexcept { return {}; }
    static void return_void() noexcept {}
    [[noreturn]] static void unhandled_exception() noexcept {
      STRONGROOM_CHECK(false, "no exception leaves a coroutine of its own");
      std::terminate();
    }
    static void destroy_all(RootLink& head) noexcept {
      while (head.next != nullptr) {
        auto& promise = static_cast<promise_type&>(*head.next);
        std::coroutine_handle<promise_type>::from_promise(promise).destroy();
      }
    }
  };
  std::coroutine_handle<promise_type> handle;
};

inline RootTask run_root(Task<void> task) {
  co_await std::move(task);
}

}  // namespace strongroom::io
