#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace turngate::fakes {

// A self-signed certificate for `names` ("DNS:localhost,IP:127.0.0.1") and its key, as files while
// it lives; expired if `seconds_left` is negative.
class Certificate
{
public:
    explicit Certificate(const std::string& names, long seconds_left = 3600)
    {
        std::string dir = (std::filesystem::temp_directory_path() / "turngate-tls-XXXXXX").string();
        if (!::mkdtemp(dir.data()))
            throw std::runtime_error("no temporary directory");
        dir_ = dir;
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(::EVP_EC_gen("P-256"),
                                                                      ::EVP_PKEY_free);
        const std::unique_ptr<X509, decltype(&X509_free)> cert(::X509_new(), ::X509_free);
        ::X509_set_version(cert.get(), 2);
        ::ASN1_INTEGER_set(::X509_get_serialNumber(cert.get()), 1);
        ::X509_gmtime_adj(::X509_getm_notBefore(cert.get()), -3600);
        ::X509_gmtime_adj(::X509_getm_notAfter(cert.get()), seconds_left);
        ::X509_set_pubkey(cert.get(), key.get());
        X509_NAME* name = ::X509_get_subject_name(cert.get());
        const auto* common = reinterpret_cast<const unsigned char*>("test");
        ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0);
        ::X509_set_issuer_name(cert.get(), name);
        add(cert.get(), NID_basic_constraints, "critical,CA:TRUE");
        add(cert.get(), NID_subject_alt_name, names);
        ::X509_sign(cert.get(), key.get(), ::EVP_sha256());

        write(cert_path(), [&](std::FILE* file) { return ::PEM_write_X509(file, cert.get()); });
        write(key_path(), [&](std::FILE* file) {
            return ::PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }
    ~Certificate() { std::filesystem::remove_all(dir_); }
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;

    std::string cert_path() const { return dir_ + "/cert.pem"; }
    std::string key_path() const { return dir_ + "/key.pem"; }

private:
    static void add(X509* cert, int nid, const std::string& value)
    {
        X509_EXTENSION* extension = ::X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
        ::X509_add_ext(cert, extension, -1);
        ::X509_EXTENSION_free(extension);
    }

    template <class Write>
    static void write(const std::string& path, Write write_pem)
    {
        std::FILE* file = std::fopen(path.c_str(), "w");
        if (!file || write_pem(file) != 1 || std::fclose(file) != 0)
            throw std::runtime_error("cannot write " + path);
    }

    std::string dir_;
};

} // namespace turngate::fakes
