#pragma once

#include "turngate/usage/ledger.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace turngate::usage {

// What a process knows of a repository's users and keys, by name.
struct KnownBooks
{
    std::map<std::string, UserBalance, std::less<>> users;
    std::map<std::string, KeyBalance, std::less<>> keys;
    std::map<std::string, StoredKey, std::less<>> stored_keys; // revoked too; `used` is in `keys`

    // Takes over rows: sums only if they are newer. Returns those that were news.
    Changes merge(Changes rows);
    // The same of sums alone.
    Changes merge(const Settled& sums);
};

// What is known, in a file that outlives the process: for the next one, should its repository be
// away. A line for each row and its checksum; what is news is appended, so writing costs as much as
// has changed, and now and then all is written anew. Readable by its owner alone. Not thread-safe.
class BooksFile
{
public:
    explicit BooksFile(std::string path);
    ~BooksFile();

    struct Earlier
    {
        KnownBooks books;
        std::set<std::string> bills; // uids, the last of those whose costs are in its sums
    };

    // What an earlier process knew; nothing: there is no such file, or it is of a newer program.
    // Lines that are damaged are left out.
    std::optional<Earlier> read() const;

    // `news` are the rows of `all` that have changed since the last call, `bills` those that are in
    // its sums for the first time. Throws std::runtime_error.
    void write(const Changes& news, const std::vector<std::string>& bills, const KnownBooks& all);

    // Rows have gone: the next writing is one of all.
    void begin_anew() noexcept;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace turngate::usage
