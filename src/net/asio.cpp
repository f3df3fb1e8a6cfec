// Asio's and Beast's non-template code, compiled once (see cmake/Dependencies.cmake).
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
