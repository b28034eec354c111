// What the plugin decides, without the host.
#pragma once
#include <stddef.h>

struct Text {
  const char* data = nullptr;
  size_t size = 0;

  friend bool operator==(Text a, Text b) {
    if (a.size != b.size) return false;
    for (size_t i = 0; i < a.size; ++i) {
      if (a.data[i] != b.data[i]) return false;
    }
    return true;
  }
};

// Whether `value` is one of the words of `list`, "red,blue".
inline bool is_listed(Text list, Text value) {
  for (size_t begin = 0; begin <= list.size;) {
    size_t end = begin;
    while (end < list.size && list.data[end] != ',') ++end;
    if (Text{list.data + begin, end - begin} == value) return true;
    begin = end + 1;
  }
  return false;
}
