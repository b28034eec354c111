#include "store/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sallyport::store {
namespace {

std::string advice(int code, int system_error) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process has it open; only one gateway at a time may use it: stop the other one, or give this one "
             "its own file with deployment.embedded.path";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "the file is damaged or no database of the gateway; it was left as it is: put a copy of it back, or move "
             "it away to start with an empty one";
    case SQLITE_FULL:
      return "no space is left; make some";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return "the gateway must be able to write this file and to create files in its folder";
    default:
      return system_error ? std::strerror(system_error) : "the write or read did not succeed";
  }
}

bool is_held(int code) { return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED; }

std::unexpected<Error> failure(sqlite3* connection, int code) {
  const char* path = sqlite3_db_filename(connection, "main");
  return fail(is_held(code) ? ErrorCode::kConflict : ErrorCode::kUnavailable,
              fmt::format("{}: {}: {}", path ? path : "database", sqlite3_errmsg(connection),
                          advice(code, sqlite3_system_errno(connection))));
}

// SQLite would create it readable by everybody.
Status create_private(const std::string& path) {
  int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return fail(ErrorCode::kUnavailable, fmt::format("{}: {}: {}", path, std::strerror(errno), advice(SQLITE_PERM, 0)));
  }
  ::close(file);
  return {};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Statement::bind(int parameter, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Statement::bind(int parameter, std::uint64_t number) {
  sqlite3_bind_int64(statement_.get(), parameter, static_cast<sqlite3_int64>(number));
}

Result<bool> Statement::step() {
  int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto error = failure(sqlite3_db_handle(statement_.get()), code);
  sqlite3_reset(statement_.get());
  return error;
}

Status Statement::run() {
  for (;;) {
    TRY(bool row, step());
    if (!row) break;
  }
  sqlite3_reset(statement_.get());
  return {};
}

std::string_view Statement::text(int column) const {
  auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return bytes ? std::string_view(bytes, sqlite3_column_bytes(statement_.get(), column)) : std::string_view();
}

std::uint64_t Statement::number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_.get(), column));
}

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Result<Database> Database::open(const std::string& path) {
  TRY_STATUS(create_private(path));
  sqlite3* connection = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(connection);
  if (code != SQLITE_OK) return failure(connection, code);
  sqlite3_extended_result_codes(connection, 1);
  return database;
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(connection_.get(), sql, -1, &statement, nullptr);
  if (code != SQLITE_OK) return failure(connection_.get(), code);
  return Statement(statement);
}

Status Database::execute(const char* sql) {
  int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(connection_.get(), code);
  return {};
}

Result<std::uint64_t> Database::number(const char* sql) {
  TRY(Statement statement, prepare(sql));
  TRY(bool row, statement.step());
  return row ? statement.number(0) : 0;
}

Result<std::string> Database::text(const char* sql) {
  TRY(Statement statement, prepare(sql));
  TRY(bool row, statement.step());
  return std::string(row ? statement.text(0) : "");
}

Result<Transaction> Transaction::begin(Database& database) {
  TRY_STATUS(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // SQLite may have rolled back by itself; what is wrong then was reported by the statement that failed.
  if (!database_) return;
  [[maybe_unused]] Status rolled_back = database_->execute("ROLLBACK");
}

Status Transaction::commit() {
  TRY_STATUS(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace sallyport::store
