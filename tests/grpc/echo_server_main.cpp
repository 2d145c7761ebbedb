// The server: `grpc_echo_server CHAIN KEY`. Says its port, then a line of metadata for each call;
// ends with its standard input. SPDX-License-Identifier: Apache-2.0
#include <grpcpp/grpcpp.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>
#include <string>

#include "echo.grpc.pb.h"

namespace {

using grpc::ServerContext;
using grpc::Status;
using standin::Number;
using standin::Text;

std::string text_of_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Echo final : public standin::Echo::Service {
 public:
  Status Say(ServerContext* context, const Text* asked, Text* told) override {
    const std::string key = note(*context);
    context->AddInitialMetadata("x-initial", "1");
    context->AddTrailingMetadata("x-trailing", "2");
    context->AddTrailingMetadata("x-echo", key);
    told->set_text(asked->text() + " " + key);
    return Status::OK;
  }
  Status Count(ServerContext* context, const Number* asked,
               grpc::ServerWriter<Text>* writer) override {
    note(*context);
    for (std::uint64_t i = 0; i < asked->number(); ++i) {
      Text told;
      told.set_text(std::to_string(i));
      if (!writer->Write(told)) return Status::CANCELLED;
    }
    return Status::OK;
  }
  Status Sum(ServerContext* context, grpc::ServerReader<Text>* reader, Number* told) override {
    note(*context);
    Text asked;
    while (reader->Read(&asked)) told->set_number(told->number() + asked.text().size());
    return Status::OK;
  }
  Status Chat(ServerContext* context, grpc::ServerReaderWriter<Text, Text>* both) override {
    note(*context);
    Text asked;
    while (both->Read(&asked)) {
      Text told;
      told.set_text("you said " + asked.text());
      both->Write(told);
    }
    return Status::OK;
  }
  Status Fail(ServerContext* context, const Text*, Text*) override {
    const std::string key = note(*context);
    return {grpc::StatusCode::FAILED_PRECONDITION, "not with " + key};
  }

 private:
  /// What was presented as the key.
  std::string note(const ServerContext& context) {
    const std::lock_guard lock(mutex_);
    std::string key;
    for (const auto& [name, value] : context.client_metadata()) {
      std::cout << std::string(name.data(), name.size()) << ": "
                << std::string(value.data(), value.size()) << "; ";
      if (std::string(name.data(), name.size()) == "authorization")
        key = std::string(value.data(), value.size());
    }
    std::cout << std::endl;
    return key;
  }
  std::mutex mutex_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({text_of_file(arguments[2]), text_of_file(arguments[1])});
  Echo echo;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options), &port);
  builder.RegisterService(&echo);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::cout << "PORT " << port << std::endl;
  std::cin.get();
  server->Shutdown();
  return 0;
}
