// What a choice costs: bench-scheduler [seconds for each figure]. CPU time, so a busy machine does
// not matter much; nothing is asserted.
#include "turngate/accounts/scheduler.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace turngate::accounts {
namespace {

using namespace std::chrono_literals;

config::Config some_accounts(unsigned n)
{
    config::Config config;
    for (unsigned i = 0; i < n; ++i) {
        config::Account account;
        account.name = "account-" + std::to_string(i);
        account.base_url = "https://api.test/v1";
        account.groups = {"vip", "default"};
        account.priority = static_cast<int>(i % 4);
        account.models = {{"gpt-5.1", "gpt-5.1"}, {"gpt-5.2", "gpt-5.2-2025-12-11"}};
        config.accounts.push_back(account);
    }
    return config;
}

// As after some time of use: errors, first tokens of some models, quotas, running turns.
void use(const AccountSet& accounts)
{
    const auto now = core::Clock::now();
    unsigned i = 0;
    for (const auto& account : accounts.all()) {
        Health& health = account->life->health;
        QuotaWindows& quota = account->standing->quota();
        for (unsigned turn = 0; turn < i % 7; ++turn)
            (void)account->slots->try_acquire();
        for (const char* model : {"gpt-5.1", "other", "gpt-5.2-2025-12-11"})
            health.first_tokens.add(model, std::chrono::milliseconds(200 + 10 * i));
        health.errors.count(i % 9 == 0 ? Outcome::fault : Outcome::success);
        quota.report("primary", i % 100, now + 1h);
        quota.report("secondary", 20, now + 1h);
        ++i;
    }
}

double cpu_seconds()
{
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) / 1e9;
}

double microseconds(const AccountSet& accounts, const config::Scheduler& scheduler, double seconds)
{
    Request request{.group = "default", .model = "gpt-5.2", .sticky = "account-0"};
    const double start = cpu_seconds();
    unsigned choices = 0;
    std::size_t candidates = 0;
    std::uint64_t first = 0; // they are looked at, or nothing would be drawn
    while (cpu_seconds() - start < seconds) {
        for (int i = 0; i < 100; ++i) {
            ++request.seed;
            const auto choice = order(accounts, scheduler, request, core::Clock::now());
            candidates += choice.order.size();
            first += choice.order.front().account->salt;
        }
        choices += 100;
    }
    if (first == 0 || candidates != choices * accounts.all().size())
        std::puts("not all accounts were candidates");
    return (cpu_seconds() - start) / choices * 1e6;
}

void run(double seconds)
{
    const std::pair<const char*, config::Pick> ways[] = {
        {"weighted_top_k", config::Pick::weighted_top_k},
        {"p2c", config::Pick::p2c},
        {"softmax", config::Pick::softmax}};
    std::printf("%-16s%10s  us CPU per choice\n", "pick", "accounts");
    for (const auto& [name, way] : ways) {
        for (const unsigned n : {1U, 10U, 100U, 3'000U}) {
            config::Config config = some_accounts(n);
            config.scheduler.pick = way;
            AccountLives lives;
            const AccountSet accounts(config, lives);
            use(accounts);
            std::printf(
                "%-16s%10u  %.2f\n", name, n, microseconds(accounts, config.scheduler, seconds));
        }
    }
}

} // namespace
} // namespace turngate::accounts

int main(int argc, char** argv)
{
    turngate::accounts::run(argc > 1 ? std::atof(argv[1]) : 1.0);
}
