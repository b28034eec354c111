#include "rules.h"

#include <assert.h>
#include <string.h>

static Text text(const char* literal) { return {literal, strlen(literal)}; }

int main() {
  assert(is_listed(text("red,blue"), text("blue")));
  assert(!is_listed(text("red,blue"), text("green")));
  assert(!is_listed(text("red,blue"), text("re")));
}
