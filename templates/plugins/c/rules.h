#pragma once
#include <stdbool.h>
#include <stddef.h>

static inline bool same(const char* a, const char* b, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

// Whether `value` is one of the words of `list`, "red,blue".
static inline bool is_listed(const char* list, size_t list_size, const char* value, size_t size) {
  for (size_t begin = 0; begin <= list_size;) {
    size_t end = begin;
    while (end < list_size && list[end] != ',') ++end;
    if (end - begin == size && same(list + begin, value, size)) return true;
    begin = end + 1;
  }
  return false;
}
