# What has threads, built by the preset `tsan` (its target tsan-tests), as tests of the tree of preset `dev`.
set(rooms telemetry net state usage upstream gateway admin app)
list(TRANSFORM rooms PREPEND test- OUTPUT_VARIABLE programs)
add_custom_target(tsan-tests DEPENDS ${programs} turngate turngate-sim)
if(NOT TURNGATE_OTHER_TREES)
    return()
endif()

set(tsan ${PROJECT_SOURCE_DIR}/build/tsan/bin)
function(turngate_tsan_test name program)
    add_test(NAME tsan.${name} COMMAND ${PROJECT_SOURCE_DIR}/tests/if_built ${tsan}/${program} ${ARGN})
    set_tests_properties(tsan.${name} PROPERTIES
        TIMEOUT 600 LABELS tsan SKIP_RETURN_CODE 77 ENVIRONMENT TURNGATE_BIN=${tsan})
endfunction()

foreach(room ${rooms})
    turngate_tsan_test(unit.${room} test-${room} ${tsan}/test-${room})
endforeach()
foreach(scenario background recovery sharing shutdown)
    turngate_tsan_test(scenario.${scenario} turngate ${PROJECT_SOURCE_DIR}/tests/clients/node --test --test-reporter=spec
        ${PROJECT_SOURCE_DIR}/tests/scenarios/${scenario}.test.mjs)
endforeach()
