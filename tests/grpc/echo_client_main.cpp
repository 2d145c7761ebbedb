// The client: `grpc_echo_client HOST:PORT`, the pass in ECHO_API_KEY, all else in the variables
// that gRPC reads. Says a line for each kind of call. SPDX-License-Identifier: Apache-2.0
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "echo.grpc.pb.h"

namespace {

using grpc::ClientContext;
using standin::Number;
using standin::Text;

std::unique_ptr<ClientContext> with_pass() {
  auto context = std::make_unique<ClientContext>();
  const char* pass = std::getenv("ECHO_API_KEY");
  context->AddMetadata("x-api-key", pass == nullptr ? "" : pass);
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  return context;
}

std::string found(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata,
                  const char* name) {
  const auto entry = metadata.find(name);
  if (entry == metadata.end()) return "-";
  return {entry->second.data(), entry->second.size()};
}

std::string told(const grpc::Status& status) {
  return std::to_string(status.error_code()) + " " + status.error_message();
}

Text text(const std::string& content) {
  Text made;
  made.set_text(content);
  return made;
}

void say(standin::Echo::Stub& stub) {
  const auto context = with_pass();
  Text answer;
  const grpc::Status status = stub.Say(context.get(), text("hello"), &answer);
  std::cout << "SAY " << told(status) << "| " << answer.text() << " | "
            << found(context->GetServerInitialMetadata(), "x-initial") << " "
            << found(context->GetServerTrailingMetadata(), "x-trailing") << " "
            << found(context->GetServerTrailingMetadata(), "x-echo") << std::endl;
}

void count(standin::Echo::Stub& stub) {
  const auto context = with_pass();
  Number most;
  most.set_number(1000);
  const auto reader = stub.Count(context.get(), most);
  Text answer;
  std::uint64_t came = 0;
  while (reader->Read(&answer)) came += answer.text() == std::to_string(came) ? 1 : 0;
  std::cout << "COUNT " << told(reader->Finish()) << "| " << came << std::endl;
}

void sum(standin::Echo::Stub& stub) {
  const auto context = with_pass();
  Number total;
  const auto writer = stub.Sum(context.get(), &total);
  for (int i = 0; i < 100; ++i) writer->Write(text(std::string(100'000, 'x')));
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  std::cout << "SUM " << told(status) << "| " << total.number() << std::endl;
}

/// Each message is sent when the answer to the one before has come.
void chat(standin::Echo::Stub& stub) {
  const auto context = with_pass();
  const auto both = stub.Chat(context.get());
  int right = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string mine = "message " + std::to_string(i);
    Text answer;
    if (!both->Write(text(mine)) || !both->Read(&answer)) break;
    right += answer.text() == "you said " + mine ? 1 : 0;
  }
  both->WritesDone();
  std::cout << "CHAT " << told(both->Finish()) << "| " << right << std::endl;
}

void fail(standin::Echo::Stub& stub) {
  const auto context = with_pass();
  Text answer;
  std::cout << "FAIL " << told(stub.Fail(context.get(), text(""), &answer)) << std::endl;
}

}  // namespace

int main(int count_of_arguments, char** arguments) {
  if (count_of_arguments != 2) return 2;
  const auto channel = grpc::CreateChannel(arguments[1], grpc::SslCredentials({}));
  const auto stub = standin::Echo::NewStub(channel);
  say(*stub);
  count(*stub);
  sum(*stub);
  chat(*stub);
  fail(*stub);
  return 0;
}
