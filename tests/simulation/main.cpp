// test_simulation [--seed N] [--seeds N] [--first-seed N] [options of GoogleTest]: the same as the variables
// SALLYPORT_SEED, SALLYPORT_SEEDS and SALLYPORT_FIRST_SEED (simulation_test.cpp).

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const std::map<std::string, const char*> options{
      {"--seed", "SALLYPORT_SEED"}, {"--seeds", "SALLYPORT_SEEDS"}, {"--first-seed", "SALLYPORT_FIRST_SEED"}};
  for (int i = 1; i + 1 < argc; i += 2) {
    auto option = options.find(argv[i]);
    if (option != options.end()) setenv(option->second, argv[i + 1], 1);
  }
  return RUN_ALL_TESTS();
}
