#include "rules.h"

#include <assert.h>

int main(void) {
  assert(is_listed("red,blue", 8, "blue", 4));
  assert(!is_listed("red,blue", 8, "green", 5));
  assert(!is_listed("red,blue", 8, "re", 2));
}
