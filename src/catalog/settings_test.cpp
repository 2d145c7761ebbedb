// SPDX-License-Identifier: Apache-2.0
#include "catalog/settings.h"

#include <gtest/gtest.h>

namespace strongroom::catalog {
namespace {

TEST(Settings, what_was_set_goes_before_the_services_default) {
  const Settings settings = {{"host", "db.example"}, {"port", ""}};
  Service service;
  for (const char* name : {"host", "port", "user"}) {
    Setting setting;
    setting.name = name;
    setting.default_value = std::string("default-") + name;
    service.settings.push_back(setting);
  }
  EXPECT_EQ(setting_of(settings, "host"), "db.example");
  EXPECT_EQ(setting_of(settings, "user"), "");
  EXPECT_EQ(setting_of(service, settings, "host"), "db.example");
  EXPECT_EQ(setting_of(service, settings, "port"), "default-port") << "an empty one is none";
  EXPECT_EQ(setting_of(service, settings, "user"), "default-user");
  EXPECT_EQ(setting_of(service, settings, "nosuch"), "");
}

}  // namespace
}  // namespace strongroom::catalog
