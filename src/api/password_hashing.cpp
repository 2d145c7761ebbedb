// SPDX-License-Identifier: Apache-2.0
#include "api/password_hashing.h"

#include <utility>

namespace strongroom::api {
namespace {

/// What goes to the thread, and what is done with what it made.
struct Hashing {
  Worker& worker;
  std::function<Derived()> work;
  std::function<Answer(const Derived&)> then;
};

io::Task<Answer> hash(std::shared_ptr<Hashing> hashing) {
  std::function<Derived()> work = std::move(hashing->work);
  const Derived derived = co_await hashing->worker.run(std::move(work));
  co_return hashing->then(derived);
}

}  // namespace

Reply hashed(Call& call, std::vector<TypedPassword> passwords,
             std::function<Answer(const Derived&)> then) {
  const auto shared = std::make_shared<const std::vector<TypedPassword>>(std::move(passwords));
  auto work = [shared]() -> Derived {
    auto made = std::make_shared<std::vector<Secret>>();
    for (const auto& [typed, task] : *shared) {
      STRONGROOM_TRY(Secret derived, crypto::argon2id(typed, task.salt, task.cost));
      made->push_back(std::move(derived));
    }
    return made;
  };
  Reply out;
  out.rest = [hashing = std::make_shared<Hashing>(
                  Hashing{call.services.hasher, std::move(work), std::move(then)})] {
    return hash(hashing);
  };
  return out;
}

Reply hashed(Call& call, Secret typed, vault::PasswordTask task,
             std::function<Answer(const Derived&)> then) {
  std::vector<TypedPassword> one;
  one.push_back({std::move(typed), std::move(task)});
  return hashed(call, std::move(one), std::move(then));
}

}  // namespace strongroom::api
