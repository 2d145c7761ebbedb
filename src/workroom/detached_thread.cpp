// SPDX-License-Identifier: Apache-2.0
#include "workroom/detached_thread.h"

#include <pthread.h>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace strongroom::workroom {

Status start_detached_thread(std::function<void()> work) {
  auto owned = std::make_unique<std::function<void()>>(std::move(work));
  const auto enter = [](void* argument) -> void* {
    const std::unique_ptr<std::function<void()>> mine(
        static_cast<std::function<void()>*>(argument));
    (*mine)();
    return nullptr;
  };
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  pthread_t thread{};
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int problem = ::pthread_create(&thread, nullptr, enter, owned.get());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (problem != 0)
    return fail(Code::Unavailable, std::string("no thread can be made: ") + std::strerror(problem));
  (void)owned.release();
  ::pthread_detach(thread);
  return {};
}

}  // namespace strongroom::workroom
