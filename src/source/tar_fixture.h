#pragma once
// Tar archives and gzip for unit tests; no part of the product.

#include <zlib.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace sallyport::source {

// The header of a member with a good checksum.
inline std::string tar_header(std::string_view name, std::string_view size, char kind = '0') {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 8, std::string_view("0000644\0", 8));
  header.replace(124, size.size(), size);
  header.replace(148, 8, 8, ' ');
  header[156] = kind;
  header.replace(257, 8, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (unsigned char c : header) sum += c;
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  header.replace(148, 7, std::string_view(text, 7));
  return header;
}

inline std::string octal(std::size_t size) {
  char text[13];
  std::snprintf(text, sizeof text, "%011zo", size);
  return text;
}

inline std::string tar_member(std::string_view name, std::string_view bytes, char kind = '0') {
  std::string member = tar_header(name, octal(bytes.size()), kind) + std::string(bytes);
  member.resize((member.size() + 511) / 512 * 512);
  return member;
}

inline std::string gzip(std::string_view bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace sallyport::source
