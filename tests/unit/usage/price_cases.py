#!/usr/bin/env python3
"""Writes price_cases.inc: what responses cost, calculated with fractions and without a look at prices.cpp.

    tests/unit/usage/price_cases.py > tests/unit/usage/price_cases.inc
"""

import random
from fractions import Fraction
from math import floor

MILLION = 10**6
SEARCH = 10_000_000  # nano-dollars a request
MOST = 2**63 - 1

# Nano-dollars per million tokens: input, cached, cache write, output. A tier has prices of its own or a multiplier (ppm).
MODELS = [
    {"rates": (1_750_000_000, 175_000_000, 1_750_000_000, 14_000_000_000),
     "priority": (3_500_000_000, 350_000_000, 3_500_000_000, 28_000_000_000), "flex": 500_000,
     "long": (272_000, 2_000_000, 1_500_000)},
    {"rates": (5_000_000_000, 500_000_000, 6_250_000_000, 30_000_000_000),
     "priority": (12_500_000_000, 1_250_000_000, 12_500_000_000, 75_000_000_000), "flex": None,
     "long": (200_000, 1_333_333, 1_111_111)},
    {"rates": (50_000_000, 5_000_000, 50_000_000, 400_000_000), "priority": None, "flex": None, "long": None},
    {"rates": (333_333_333, 33_333_333, 416_666_667, 999_999_937), "priority": None, "flex": 333_333,
     "long": (128_000, 2_000_001, 1_999_999)},
    {"rates": (1, 0, 3, 499_999), "priority": None, "flex": None, "long": None},
    {"rates": (0, 0, 0, 0), "priority": (1_000_003, 1, 500_000, 7), "flex": None, "long": (0, 1, 999_999_999)},
]
TIERS = ["", "default", "auto", "standard", "priority", "flex", "gold"]


def cost(model, usage, tier, multiplier):
    """In nano-dollars, rounded half up once, here."""
    tokens, cached, written, output, searches = usage
    rates, factor = model["rates"], Fraction(1)
    if tier == "priority":
        if model["priority"]:
            rates = model["priority"]
        else:
            factor = Fraction(2)
    if tier == "flex":
        factor = Fraction(model["flex"], MILLION) if model["flex"] else Fraction(1, 2)
    long_in = long_out = Fraction(1)
    if model["long"] and tokens > model["long"][0]:
        long_in, long_out = (Fraction(ppm, MILLION) for ppm in model["long"][1:])
    per_token = [Fraction(rate, MILLION) * factor for rate in rates]
    plain = tokens - cached - written
    total = (plain * per_token[0] + cached * per_token[1] + written * per_token[2]) * long_in
    total += output * per_token[3] * long_out
    total += searches * SEARCH
    total *= Fraction(multiplier, MILLION)
    return min(floor(total + Fraction(1, 2)), MOST)


def usages(rng, model):
    step = model["long"][0] if model["long"] else 100_000
    yield (0, 0, 0, 0, 0)
    yield (1, 0, 0, 0, 0)
    yield (1, 1, 0, 1, 0)
    yield (step, step // 3, step // 7, 1000, 1)
    yield (step + 1, step // 3, step // 7, 1000, 1)
    for most in (10, 10_000, 1_000_000, 2**40, 2**53):
        for _ in range(4):
            tokens = rng.randrange(most)
            cached = rng.randrange(tokens + 1)
            yield (tokens, cached, rng.randrange(tokens - cached + 1), rng.randrange(most), rng.randrange(5))


def row(numbers):
    return ", ".join(map(str, numbers))


def main():
    rng = random.Random(20261101)
    print("// Made by price_cases.py.")
    print("const CaseModel kModels[] = {")
    for model in MODELS:
        priority = model["priority"] or (-1, -1, -1, -1)
        flex = -1 if model["flex"] is None else model["flex"]
        rest = row((flex, *(model["long"] or (-1, 0, 0))))
        print(f"    {{{{{row(model['rates'])}}}, {{{row(priority)}}}, {rest}}},")
    print("};\n\nconst Case kCases[] = {")
    for number, model in enumerate(MODELS):
        for at, usage in enumerate(usages(rng, model)):
            tier = TIERS[at % len(TIERS)]
            multipliers = [rng.choice([0, 1, 333_333, 500_000, 800_000, 999_979, MILLION, 1_250_000]) for _ in "ab"]
            costs = [cost(model, usage, tier, ppm) for ppm in multipliers]
            print(f"    {{{row((number, *usage))}, \"{tier}\", {row((*multipliers, *costs))}}},")
    print("};")


main()
