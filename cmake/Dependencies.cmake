# Debian 12 packages only; the list is in deploy/packages.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_library(ZSTD_LIBRARY zstd REQUIRED)
find_package(fmt REQUIRED) # bench alone
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(CLI11 REQUIRED)

# Debian 12's hiredis has no CMake files.
find_path(HIREDIS_INCLUDE hiredis/async.h REQUIRED)
find_library(HIREDIS_LIBRARY hiredis REQUIRED)
add_library(turngate-hiredis INTERFACE)
target_include_directories(turngate-hiredis SYSTEM INTERFACE ${HIREDIS_INCLUDE})
target_link_libraries(turngate-hiredis INTERFACE ${HIREDIS_LIBRARY})

# Debian 12's c-ares has no CMake files.
find_path(CARES_INCLUDE ares.h REQUIRED)
find_library(CARES_LIBRARY cares REQUIRED)
add_library(turngate-cares INTERFACE)
target_include_directories(turngate-cares SYSTEM INTERFACE ${CARES_INCLUDE})
target_link_libraries(turngate-cares INTERFACE ${CARES_LIBRARY})

# Asio's and Beast's implementations are compiled once (src/net/asio.cpp), not in every file.
add_library(turngate-asio INTERFACE)
target_link_libraries(turngate-asio INTERFACE Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
target_compile_definitions(turngate-asio INTERFACE
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
    BOOST_BEAST_SEPARATE_COMPILATION)

# Debian 12's libpqxx has no CMake files. What it is made on comes with it.
find_path(PQXX_INCLUDE pqxx/pqxx REQUIRED)
find_path(PQ_INCLUDE libpq-fe.h PATH_SUFFIXES postgresql REQUIRED)
find_library(PQXX_LIBRARY pqxx REQUIRED)
find_library(PQ_LIBRARY pq REQUIRED)
add_library(turngate-pqxx INTERFACE)
target_include_directories(turngate-pqxx SYSTEM INTERFACE ${PQXX_INCLUDE} ${PQ_INCLUDE})
target_link_libraries(turngate-pqxx INTERFACE ${PQXX_LIBRARY} ${PQ_LIBRARY})
