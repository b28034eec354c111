#pragma once
// SQLite as the embedded store needs it: one connection, statements, errors that name the file and what to do.
// A Database and its statements belong to one thread.

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace sallyport::store {

// A prepared statement; numbering of parameters starts with 1, of columns with 0.
class Statement {
 public:
  void bind(int parameter, std::string_view text);
  void bind(int parameter, std::uint64_t number);

  // Runs to the next row; false when there is none (any more).
  Result<bool> step();
  // Runs to its end and makes it ready for the next run.
  Status run();

  std::string_view text(int column) const;  // until the next step
  std::uint64_t number(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  // Creates the file, readable by its owner alone, when it is missing. Error: kUnavailable.
  static Result<Database> open(const std::string& path);

  Result<Statement> prepare(const char* sql);
  Status execute(const char* sql);                // one or several statements whose rows do not matter
  Result<std::uint64_t> number(const char* sql);  // the first column of the first row
  Result<std::string> text(const char* sql);

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  explicit Database(sqlite3* connection) : connection_(connection) {}
  std::unique_ptr<sqlite3, Close> connection_;
};

// Undoes what was executed since its construction, unless commit has succeeded.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Status commit();  // durable when it has succeeded

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace sallyport::store
